// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace promtally::config {

/// What is wrong with a URL; an empty message: nothing. Never quotes the URL, which may hold a
/// password.
struct UrlProblem {
  std::string message;
  std::string hint;
  bool has_user = false;
};

/// A base URL: http or https, a host, possibly a port from 1 and a path; no user, query or
/// fragment.
[[nodiscard]] UrlProblem CheckUrl(std::string_view url);

/// True for a URL to localhost, 127.0.0.0/8 or ::1: what is sent there does not leave the machine.
[[nodiscard]] bool HasLoopbackHost(std::string_view url);

/// `host:port`, `:port`, `[::1]:port`; port 0 lets the system choose.
[[nodiscard]] bool IsListenAddress(std::string_view address);

/// The characters of an HTTP header name or of an authorization scheme (RFC 9110 token).
[[nodiscard]] bool IsHttpToken(std::string_view text);

[[nodiscard]] bool EqualIgnoringCase(std::string_view a, std::string_view b);

}  // namespace promtally::config
