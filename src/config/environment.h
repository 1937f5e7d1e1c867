// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/base/result.h"
#include "promtally/config/settings.h"

namespace promtally::config {

struct ExpandedText {
  std::string text;
  bool from_environment = false;  ///< something was put in
};

/// Replaces `${NAME}` and `${NAME:-default}` (the default also where the variable is empty); any
/// other `$` stays. What is put in is not looked at again. kNotFound for a variable that is not
/// set, kParse for an unclosed or nested reference or a bad name.
[[nodiscard]] base::Result<ExpandedText> ExpandEnvironment(std::string_view text,
                                                           const Environment& environment);

}  // namespace promtally::config
