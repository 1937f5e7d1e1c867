// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/problems.h"
#include "config/yaml_document.h"
#include "promtally/config/metrics_file.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/promql/functions.h"

namespace promtally::config {

/// What holds for the whole file.
struct FileContext {
  promql::FunctionSet functions = promql::FunctionSet::kCloudKitty;
  JobContext job;
  metering::Evaluation evaluation = metering::Evaluation::kPromql;  ///< where a spec has none
  metering::ExactOptions exact;                                     ///< defaults of the specs
};

/// A spec with the places that checks point at.
struct SpecDraft {
  metering::MetricSpec spec;
  const Node* map = nullptr;  ///< the spec's keys
  Place place;                ///< of the metric's key, or of the item in a list of specs
};

/// Contradictions between the keys of one spec, and what an operator should know before anybody
/// bills by it.
void CheckSpec(const SpecDraft& draft, const FileContext& file, Problems& problems);

/// Two specs with one name are an error: one of them would be lost.
void CheckNames(const std::vector<SpecDraft>& drafts, Problems& problems);

}  // namespace promtally::config
