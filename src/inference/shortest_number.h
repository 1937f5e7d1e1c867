// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace promtally::inference {

/// The shortest decimal that gives the number back, as JSON has it: 64.52377 for the float32
/// nearest to it. NaN and infinities are null.
[[nodiscard]] std::string ShortestText(float value);
[[nodiscard]] std::string ShortestText(double value);

}  // namespace promtally::inference
