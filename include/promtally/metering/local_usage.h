// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "promtally/base/result.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/period.h"
#include "promtally/metering/period_result.h"
#include "promtally/metering/promql_evaluator.h"
#include "promtally/metering/raw_samples.h"

/// Evaluation `local`: what the server would have answered to a spec's queries, computed from raw
/// samples.
namespace promtally::metering {

struct LocalRequest {
  const MetricSpec* spec = nullptr;
  std::optional<std::string> scope_key;
  Period period;
  std::vector<std::string> scopes;  ///< named by hand or in the settings; empty: all
  bool without_begin = false;       ///< as BuildQuery: `window_edges: half_open` on a closed server
  EvaluationOptions options;
};

struct LocalAnswers {
  std::vector<ScopedAnswer> answers;  ///< one for each of `queries`
  std::vector<std::string> queries;   ///< the texts that would have been sent
};

/// Where one query a scope is needed and no scopes are named, they are found among the series of
/// the store. Errors are the evaluator's, or the text is no PromQL.
[[nodiscard]] base::Result<LocalAnswers> EvaluateLocally(const LocalRequest& request,
                                                         const SeriesStore& store);

/// The same from the raw answers of a server: the samples of the spec's metric in the window, as
/// the server delimits it; a series may have its samples in several of them. `nans_are_stale`: the
/// server delivers stale markers as NaN (VictoriaMetrics). kInvalidArgument: native histograms, or
/// prefix and suffix, whose series are not in the answers.
[[nodiscard]] base::Result<Answer> EvaluateRawAnswers(const LocalRequest& request,
                                                      std::span<const RawAnswer> answers,
                                                      bool nans_are_stale);

/// An instant vector as a server answers it: values as text, without exponents.
[[nodiscard]] Answer ToAnswer(const InstantVector& vector);

/// `1.5`, `NaN`, `+Inf`: shortest digits that read back as the same double, never an exponent.
[[nodiscard]] std::string ValueText(double value);

}  // namespace promtally::metering
