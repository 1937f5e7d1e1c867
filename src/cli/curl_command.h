// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/base/time.h"
#include "promtally/config/settings.h"

namespace promtally::cli {

/// A command for a POSIX shell that asks a source what promtally would ask it. No secret is in it:
/// one of a file is read from there when the command runs, every other one, values of headers
/// included (but X-Scope-OrgID's), is a variable `PROMTALLY_…` to be set before. What promtally
/// tells some servers beside (no cache, no partial answers) is left out.
[[nodiscard]] std::string CurlCommand(const config::SourceSettings& source,
                                      const std::string& query, base::Instant time);

/// One word for a POSIX shell, in single quotes; control characters, but line feeds, as `printf`
/// octal escapes, so that the text drives no terminal.
[[nodiscard]] std::string ShellWord(std::string_view text);

}  // namespace promtally::cli
