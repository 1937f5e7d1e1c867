// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/problems.h"
#include "config/yaml_document.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::config {

/// A spec with the places that checks point at.
struct SpecDraft {
  metering::MetricSpec spec;
  const Node* map = nullptr;  ///< the spec's keys
  Place place;                ///< of the metric's key, or of the item in a list of specs
};

/// Contradictions between the keys of one spec, and what an operator should know before anybody
/// bills by it.
void CheckSpec(const SpecDraft& draft, Problems& problems);

/// Two specs with one name are an error: one of them would be lost.
void CheckNames(const std::vector<SpecDraft>& drafts, Problems& problems);

}  // namespace promtally::config
