// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/base/labels.h"

namespace promtally::exposition {

enum class FamilyType { kCounter, kGauge, kHistogram, kSummary, kUntyped };

[[nodiscard]] std::string_view ToText(FamilyType type);

/// Writers of Prometheus' text format 0.0.4; all exposition of the program goes through them. Each
/// appends to `out` and never fails. Metric and label names must be valid (base::IsMetricName,
/// IsLabelName) and texts UTF-8: that is the caller's duty, while label values and help texts may
/// hold anything else and stay inside their line. No sample carries a timestamp. Any thread.
///
/// The writer of prometheus-cpp is not used: it leaves help texts unescaped and cuts values to 16
/// digits.

/// `# HELP …` (left out for an empty text) and `# TYPE …`; once for each family, before its
/// samples.
void AppendFamily(std::string& out, std::string_view name, FamilyType type, std::string_view help);

/// `name{labels} value`; `label_text` is what LabelText returned.
void AppendSample(std::string& out, std::string_view name, std::string_view label_text,
                  double value);

/// `{a="x",b="y"}` in the set's order, or nothing for an empty set.
[[nodiscard]] std::string LabelText(const base::LabelSet& labels);

/// The shortest text that reads back as the same double; `NaN`, `+Inf`, `-Inf`.
void AppendNumber(std::string& out, double value);
[[nodiscard]] std::string NumberText(double value);

}  // namespace promtally::exposition
