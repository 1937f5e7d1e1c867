// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// A request to the identity provider.
struct FetchOrder {
  std::string url;
  std::string form;    ///< not empty: POST
  std::string bearer;  ///< not empty: the token in the Authorization header
};

struct Fetched {
  int status = 0;  ///< 0: no complete answer
  std::string body;
  std::string error;  ///< with status 0: why, one line, no secrets
};

/// Asks, and calls back on the loop thread, later, exactly once (not when the loop has ended).
using Fetch = std::function<void(FetchOrder, std::function<void(const Fetched&)>)>;

/// By an HTTP client with a thread of its own that lives as long as the function. Answers of at
/// most 256 KiB within five seconds; redirects are not followed. `ca_file`: empty for the system's
/// authorities.
[[nodiscard]] Fetch MakeFetch(boost::asio::io_context& loop, const std::string& ca_file);

}  // namespace promtally::web
