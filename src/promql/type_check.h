// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "promql/token_reader.h"
#include "promtally/promql/expression.h"
#include "promtally/promql/signatures.h"

namespace promtally::promql {

/// What is wrong with the types below a node, or nothing. The node's children have been checked.
/// `begin` is where the node starts.
[[nodiscard]] std::optional<Problem> CheckCall(const Call& call, const FunctionSignature& signature,
                                               std::size_t begin);
[[nodiscard]] std::optional<Problem> CheckAggregation(const Aggregation& aggregation);
[[nodiscard]] std::optional<Problem> CheckUnary(const Unary& unary, std::size_t begin);
[[nodiscard]] std::optional<Problem> CheckBinary(const Binary& binary, std::size_t begin,
                                                 std::size_t operator_begin);

}  // namespace promtally::promql
