// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/metric_store.h"
#include "promtally/base/result.h"

namespace promtally::web {

/// What is wrong with a body, all of it, each with its place: `samples[3].value: …`.
using BodyProblems = std::vector<std::string>;

[[nodiscard]] std::optional<exposition::MetricType> TypeNamed(std::string_view name);

/// Body of PUT /api/v1/metrics/{name}.
[[nodiscard]] tl::expected<exposition::MetricDefinition, BodyProblems> ReadDefinition(
    std::string_view name, std::string_view body, std::size_t json_depth);

/// Body of POST /api/v1/metrics/{name}/samples, for a metric of that type.
[[nodiscard]] tl::expected<std::vector<exposition::SampleChange>, BodyProblems> ReadSamples(
    exposition::MetricType type, std::string_view body, std::size_t json_depth);

/// A JSON object of texts.
[[nodiscard]] tl::expected<base::LabelSet, BodyProblems> ReadLabels(std::string_view text,
                                                                    std::size_t json_depth);

}  // namespace promtally::web
