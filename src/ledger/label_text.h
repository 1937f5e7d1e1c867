// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/labels.h"
#include "promtally/metering/period_result.h"

namespace promtally::ledger {

/// Labels as the ledger keeps them: a JSON object of texts without blanks, in the set's order
/// (`{"code":"200","project_id":"p1"}`). Control characters are written as \u00XX.
void AppendLabels(const metering::LabelViews& labels, std::string& out);
[[nodiscard]] std::string ToLabelText(const base::LabelSet& labels);

/// Reads exactly what ToLabelText writes; nullopt for anything else.
[[nodiscard]] std::optional<base::LabelSet> ParseLabelText(std::string_view text);

/// Label names as a JSON list of texts, and back.
[[nodiscard]] std::string ToNameList(const std::vector<std::string>& names);
[[nodiscard]] std::optional<std::vector<std::string>> ParseNameList(std::string_view text);

}  // namespace promtally::ledger
