// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/metrics_checks.h"
#include "config/value_reader.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::config {

/// `input` of a model block: the word `usage`, or a map of a range query.
void ReadModelInput(ValueReader& reader, const Node& value, metering::ModelBlock& block);

/// Gives inputs what they do not say themselves: metric, functions and labels of their spec.
void CompleteModelInputs(metering::MetricSpec& spec);

/// Finds inputs whose query no server would take, or that mix scopes.
void CheckModelInputs(const SpecDraft& draft, const FileContext& file, Problems& problems);

/// An input in flow style; what is not said is empty.
[[nodiscard]] std::string ToDefinition(const metering::ModelInput& input);

/// `metrics.<metric>.model.input.` + each key, for the reference of keys.
void AppendModelInputKeys(std::vector<std::string>& keys);

}  // namespace promtally::config
