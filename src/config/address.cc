// SPDX-License-Identifier: Apache-2.0
#include "config/address.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace promtally::config {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z');
}

bool IsPort(std::string_view text, int least) {
  int port = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && text.size() <= 5 &&
         text.front() != '-' && port >= least && port <= 65535;
}

// A name, an IPv4 address, or an IPv6 address in brackets.
bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 3 && host.ends_with(']') &&
           std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
             return IsAlphanumeric(c) || c == ':' || c == '.' || c == '%' || c == '-';
           });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return IsAlphanumeric(c) || c == '.' || c == '-' || c == '_' ||
           static_cast<std::uint8_t>(c) >= 0x80;
  });
}

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

HostAndPort Split(std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) {
    return {authority, std::nullopt};
  }
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char left, char right) { return Lower(left) == Lower(right); });
}

UrlProblem CheckUrl(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos ||
      (!EqualIgnoringCase(scheme, "http") && !EqualIgnoringCase(scheme, "https"))) {
    return {"must start with http:// or https://", "such as http://localhost:9090"};
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return {"must not hold a user or a password", "use \"basic_auth\"", true};
  }
  if (url.find_first_of(" \t\\\"<>^`{|}") != std::string_view::npos) {
    return {"has a character that a URL cannot hold", "write it as %XX"};
  }
  const HostAndPort parts = Split(authority);
  if (!IsHost(parts.host)) {
    return {parts.host.empty() ? "has no host" : "has a host that cannot be one",
            "such as http://localhost:9090"};
  }
  if (parts.port && (parts.port->empty() || !IsPort(*parts.port, 1))) {
    return {"must have a port from 1 to 65535", {}};
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return {"must not have a query or a fragment", "give the base URL, without /api/v1"};
  }
  return {};
}

bool HasLoopbackHost(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return false;
  }
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::string_view host = Split(authority).host;
  if (EqualIgnoringCase(host, "localhost") || host == "[::1]") {
    return true;
  }
  // 127.a.b.c in decimal: a name such as 127.evil.example is none.
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find("..") == std::string_view::npos && !host.ends_with('.') &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool IsListenAddress(std::string_view address) {
  const HostAndPort parts = Split(address);
  return parts.port && !parts.port->empty() && IsPort(*parts.port, 0) &&
         (parts.host.empty() || IsHost(parts.host));
}

bool IsHttpToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

}  // namespace promtally::config
