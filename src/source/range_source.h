// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/config/settings.h"

namespace promtally::source {

struct RangeQuery {
  std::string text;     ///< PromQL, as it is sent
  base::Instant begin;  ///< a multiple of the step
  base::Instant end;    ///< likewise; both ends are asked for
  base::Milliseconds step{0};
};

struct RangeSeries {
  base::LabelSet labels;  ///< `__name__` is one of them where the query keeps it
  /// By time, ascending, no instant twice. Values are finite: NaN and infinite ones are left out,
  /// as gaps.
  std::vector<std::pair<base::Instant, double>> samples;
  base::Milliseconds step{0};  ///< that the server took; 0: it does not say
};

/// Series over a span of time, for models: from a Prometheus-compatible server, or from Grafana.
///
/// An answer is whole or an error: kUnavailable and kTimeout where there was none, kRejected with
/// the server's text, kParse for an answer that cannot be taken (warnings and partial answers
/// included), kTooLarge, kCancelled after Stop(). Nothing is retried here.
///
/// Threads: any; Query waits for the answer.
class RangeSource {
 public:
  virtual ~RangeSource() = default;
  [[nodiscard]] virtual base::Result<std::vector<RangeSeries>> Query(const RangeQuery& query) = 0;
  /// Ends what is under way; later queries are refused.
  virtual void Stop() = 0;
};

[[nodiscard]] std::unique_ptr<RangeSource> OpenRangeSource(const config::SourceSettings& settings);

/// The URL below which a source has Prometheus' API: Grafana's data source proxy, or its own.
[[nodiscard]] std::string PrometheusUrl(const config::SourceSettings& settings);

/// What a body of `/api/v1/query_range` says; kParse, kRejected.
[[nodiscard]] base::Result<std::vector<RangeSeries>> ReadMatrix(std::string_view body);
/// What the answer to refId "A" of `/api/ds/query` says: one frame a series, missing values put
/// back where they were listed apart.
[[nodiscard]] base::Result<std::vector<RangeSeries>> ReadFrames(std::string_view body);
/// The body of such a request.
[[nodiscard]] std::string FramesRequest(const RangeQuery& query, const std::string& datasource_uid);

}  // namespace promtally::source
