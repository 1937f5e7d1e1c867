// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "collector/period_fetch.h"
#include "promtally/metering/period_result.h"
#include "source/source.h"

namespace promtally::collector {

/// The window of a local evaluation.
struct LocalWindow {
  metering::Period period;
  bool is_half_open = false;  ///< `window_edges: half_open`
};

/// Evaluation `local`: puts in the place of raw answers what the server would have answered to the
/// spec's query, computed with the server's own window edge. What cannot be computed becomes the
/// failure of the fetch.
void ComputeLocally(const metering::ConversionContext& context, const LocalWindow& window,
                    const source::ServerIdentity& server, FetchResult* fetched);

}  // namespace promtally::collector
