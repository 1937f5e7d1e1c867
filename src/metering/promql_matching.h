// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metering/promql_value.h"

namespace promtally::metering {

/// What a binary operator makes of two scalars.
[[nodiscard]] double ScalarOperation(promql::BinaryOperator op, double left, double right);

/// The operator between two values: scalars, vectors, or one of each. kInvalidArgument as the
/// server says it where vectors do not match (`found duplicate series …`).
[[nodiscard]] base::Result<PromqlValue> Operate(const promql::Binary& binary, PromqlValue left,
                                                PromqlValue right, PromqlSemantics semantics);

}  // namespace promtally::metering
