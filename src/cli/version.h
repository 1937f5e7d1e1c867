// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace promtally::cli {

/// `0.1.0`
[[nodiscard]] std::string Version();
/// What `--version` prints, in the form of Prometheus' servers.
[[nodiscard]] std::string VersionText();
/// `GCC 12.2.0`
[[nodiscard]] std::string Compiler();
/// `RelWithDebInfo`
[[nodiscard]] std::string BuildType();

}  // namespace promtally::cli
