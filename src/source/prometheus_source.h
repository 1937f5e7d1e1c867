// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "promtally/config/settings.h"
#include "source/source.h"

namespace promtally::source {

/// A server with Prometheus' HTTP API: Prometheus itself, Thanos, Mimir, VictoriaMetrics.
///
/// Queries are POSTed as a form; where the server refuses POST (403, 405) the same request is sent
/// once more as GET, and when that is taken every later one is a GET. The server is told the
/// source's time-out; promtally itself waits a little longer, so that the server's own word, which
/// says more, comes first. Compression is asked for unless the server is on loopback. An answer
/// over the source's limits is refused.
///
/// How many queries are in flight is the caller's matter (`concurrency`). An unusable URL shows as
/// `unreachable`.
[[nodiscard]] std::unique_ptr<Source> MakePrometheusSource(const config::SourceSettings& settings);

}  // namespace promtally::source
