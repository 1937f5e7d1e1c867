// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promtally::base {

/// Label names and values, sorted by name, each name once.
using LabelSet = std::vector<std::pair<std::string, std::string>>;

/// Sorts by name and keeps the first of equal names.
[[nodiscard]] LabelSet MakeLabelSet(LabelSet labels);

/// The value of a label, or nullptr.
[[nodiscard]] const std::string* Find(const LabelSet& labels, std::string_view name);

/// `[a-zA-Z_][a-zA-Z0-9_]*`
[[nodiscard]] bool IsLabelName(std::string_view name);

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
[[nodiscard]] bool IsMetricName(std::string_view name);

/// Valid UTF-8 without surrogates, overlong forms and values above U+10FFFF.
[[nodiscard]] bool IsUtf8(std::string_view text);

}  // namespace promtally::base
