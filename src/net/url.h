// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace promtally::net {

/// Scheme, host and port of an http or https URL, the port filled in. Any thread.
struct Origin {
  std::string scheme;
  std::string host;  ///< in lower case, an IPv6 address with brackets
  std::string port;
  [[nodiscard]] bool operator==(const Origin&) const = default;
};

/// nullopt: not an http or https URL.
[[nodiscard]] std::optional<Origin> ParseOrigin(const std::string& url);

/// The same URL on another host; nullopt: not a URL, or not a host name.
[[nodiscard]] std::optional<std::string> WithHost(const std::string& url, const std::string& host);

/// True for localhost and the loopback addresses: compression costs more there than it saves.
[[nodiscard]] bool IsLoopbackUrl(const std::string& url);

/// application/x-www-form-urlencoded of one value (a PromQL `+` included).
[[nodiscard]] std::string FormEncode(std::string_view text);
/// One segment of a path: the same with %20 for a blank.
[[nodiscard]] std::string PathEncode(std::string_view text);

}  // namespace promtally::net
