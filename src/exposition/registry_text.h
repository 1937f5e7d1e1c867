// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "exposition/piece_reader.h"
#include "exposition/text_encoder.h"

namespace promtally::exposition {

/// Writes what prometheus-cpp's registry collected: families by name, series by their labels,
/// families without a series left out.
void AppendRegistry(std::string& out, std::vector<prometheus::MetricFamily> families,
                    const PageStyle& style = {}, const NameFilter& filter = {});

}  // namespace promtally::exposition
