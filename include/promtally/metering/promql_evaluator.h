// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/metering/series_store.h"
#include "promtally/promql/expression.h"

namespace promtally::metering {

/// Whose arithmetic is followed. Prometheus 2 (2.42): windows and look-back closed at both ends,
/// plain sums over series. Prometheus 3 (3.15), and every server with its window edge: left open,
/// compensated sums.
enum class PromqlSemantics : std::uint8_t { kPrometheus2, kPrometheus3 };

struct EvaluationOptions {
  PromqlSemantics semantics = PromqlSemantics::kPrometheus3;
  base::Milliseconds lookback{300'000};      ///< of a selector without a range
  base::Milliseconds subquery_step{60'000};  ///< where a subquery names none
  /// Samples and steps that one evaluation may touch; more is kTooLarge.
  std::size_t max_samples = 50'000'000;
};

/// One element of an instant vector.
struct VectorSample {
  base::LabelSet labels;
  double value = 0;
  std::int64_t unix_milliseconds = 0;  ///< of the raw sample, where it is one
};
using InstantVector = std::vector<VectorSample>;

/// What an expression is worth at one instant; the member of its type is filled.
struct EvaluatedValue {
  promql::ValueType type = promql::ValueType::kVector;
  double scalar = 0;
  std::string text;
  InstantVector vector;              ///< in the server's order where it has one
  std::vector<StoredSeries> matrix;  ///< stale markers left out
};

/// Evaluates a parsed expression at one instant on raw samples, as the server would that has these
/// samples: same windows, extrapolation, look-back, staleness and order of operations, hence the
/// same doubles but for the last digits of logarithms and powers. Pure; any thread.
///
/// Native histograms are no part of it, nor `info`, `limit_ratio`, `sort_by_label`,
/// `start_timestamp` and durations that are expressions: kInvalidArgument with a text that names
/// the construct, as for everything that the server would refuse (`found duplicate series …`).
[[nodiscard]] base::Result<EvaluatedValue> Evaluate(const promql::Expression& expression,
                                                    base::Instant time, const SeriesStore& store,
                                                    const EvaluationOptions& options = {});

}  // namespace promtally::metering
