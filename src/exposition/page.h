// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exposition/metric_store.h"
#include "exposition/piece_reader.h"
#include "exposition/self_metrics.h"
#include "exposition/text_encoder.h"
#include "exposition/usage_page.h"

namespace promtally::exposition {

/// The parts of a page; a part may be absent. They must outlive the page's reader.
struct PageParts {
  const UsagePage* usage = nullptr;
  MetricStore* metrics = nullptr;
  const SelfMetrics* self = nullptr;
};

struct PageRequest {
  PageStyle style;
  NameFilter filter;
  bool exporter_metrics = true;    ///< with process_*, promhttp_* and promtally_http_*
  std::vector<std::string> taken;  ///< names of further families that the owner puts on the page
};

/// The whole page in the order usage, metrics made over HTTP, promtally's own, and the mark of its
/// end. Usage is as it was when the page was asked for, promtally's own as they are when their turn
/// comes. No family is written twice: a metric whose name usage has taken since is left out.
/// `now`: what the quantiles of summaries are read at. Loop thread only, as MetricStore.
[[nodiscard]] std::unique_ptr<PieceReader> ReadPage(const PageParts& parts, PageRequest request,
                                                    base::Instant now);

}  // namespace promtally::exposition
