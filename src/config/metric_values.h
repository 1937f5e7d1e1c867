// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/value_reader.h"
#include "promtally/base/decimal.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::config {

/// `factor` and `offset`: whatever CloudKitty's int, float or Fraction() takes and is one finite
/// number. `target` stays as it is after a problem.
void ReadFraction(ValueReader& reader, const Node& value, base::Fraction& target);

/// `mutate_map`. Text keys never equal a number: they are left out with a warning.
void ReadMutateMap(ValueReader& reader, const Node& value, std::vector<metering::MapEntry>& target);

/// A list of label names: `groupby`, `metadata`. Repetitions are kept with a warning.
void ReadLabels(ValueReader& reader, const Node& value, std::vector<std::string>& target);

}  // namespace promtally::config
