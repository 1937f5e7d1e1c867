// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "promtally/base/result.h"

namespace promtally::web {

/// An entry of `web.listen`. An empty host means every address of the machine.
struct ListenAddress {
  std::string host;  ///< name or address, IPv6 without brackets
  std::uint16_t port = 0;
};

/// `localhost:9899`, `127.0.0.1:0`, `[::1]:9899`, `:9899`. kParse when there is no port, the port
/// is no number up to 65535, or an IPv6 address lacks its brackets.
[[nodiscard]] base::Result<ListenAddress> ParseListenAddress(std::string_view text);

/// `localhost` or a loopback address (127.0.0.0/8, ::1, and the former inside IPv6); no brackets.
[[nodiscard]] bool IsLoopbackName(std::string_view host);

/// True when the value of a Host header, `name[:port]`, names this machine's loopback. A browser
/// that was lured to another site's name for 127.0.0.1 sends that name (DNS rebinding).
[[nodiscard]] bool IsLoopbackHost(std::string_view host_header);

}  // namespace promtally::web
