// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/metrics_checks.h"
#include "config/value_reader.h"
#include "promtally/metering/exact_options.h"

namespace promtally::config {

/// `evaluation: promql|exact`; `target` stays as it is after a problem.
void ReadEvaluation(ValueReader& reader, const Node& value, metering::Evaluation& target);

/// An `exact:` block, over what `options` has already. `where` names it in messages.
void ReadExactOptions(ValueReader& reader, const Node& value, const std::string& where,
                      metering::ExactOptions& options);

/// The range function of exact evaluation where none is written: `increase` for a counter by its
/// name, else none (CloudKitty's default holds).
[[nodiscard]] std::string DefaultExactFunction(std::string_view metric);

/// What exact evaluation refuses, and what does not add up over periods.
void CheckExact(const SpecDraft& draft, const FileContext& file, Problems& problems);

/// Keys of the block, for the documentation's test.
void AppendExactKeys(std::string_view prefix, std::vector<std::string>& keys);

}  // namespace promtally::config
