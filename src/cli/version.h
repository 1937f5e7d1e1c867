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
/// Commit and branch that it was built from, and when that was (`20260604-00:58:54`); empty where
/// it was built outside a repository.
[[nodiscard]] std::string Revision();
[[nodiscard]] std::string Branch();
[[nodiscard]] std::string BuildDate();
/// `RelWithDebInfo`
[[nodiscard]] std::string BuildType();

}  // namespace promtally::cli
