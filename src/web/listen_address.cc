// SPDX-License-Identifier: Apache-2.0
#include "web/listen_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace promtally::web {
namespace {

bool IsPort(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct HostAndPort {
  std::string_view host;  // without brackets
  std::string_view port;
  bool has_port = false;
};

std::optional<HostAndPort> Split(std::string_view text) {
  HostAndPort parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    parts.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    parts.host = text.substr(0, end);
    rest = text.substr(end);
  }
  parts.has_port = !rest.empty();
  if (parts.has_port && (rest.front() != ':' || !IsPort(rest.substr(1)))) {
    return std::nullopt;
  }
  parts.port = parts.has_port ? rest.substr(1) : rest;
  return parts;
}

}  // namespace

base::Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto parts = Split(text);
  if (!parts || parts->port.empty()) {
    return base::Fail(base::ErrorCode::kParse,
                      "listen address \"" + std::string(text) + "\" is not of the form host:port");
  }
  unsigned port = 0;
  std::from_chars(parts->port.data(), parts->port.data() + parts->port.size(), port);
  if (port > 65535) {
    return base::Fail(base::ErrorCode::kParse,
                      "port of listen address \"" + std::string(text) + "\" is above 65535");
  }
  ListenAddress address;
  address.host = parts->host;
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

bool IsLoopbackName(std::string_view host) {
  constexpr std::string_view kLocalhost = "localhost";
  const bool is_localhost =
      std::equal(host.begin(), host.end(), kLocalhost.begin(), kLocalhost.end(),
                 [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  if (is_localhost) {
    return true;
  }
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return bytes[0] == 127;
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
    return false;
  }
  constexpr std::array<unsigned char, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return bytes == kLoopback ||
         (std::equal(kMapped.begin(), kMapped.end(), bytes.begin()) && bytes[12] == 127);
}

bool IsLoopbackHost(std::string_view host_header) {
  const auto parts = Split(host_header);
  return parts && host_header.find('\0') == std::string_view::npos && IsLoopbackName(parts->host);
}

}  // namespace promtally::web
