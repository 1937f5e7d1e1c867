// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include "collector/period_fetch.h"

namespace promtally::collector {

namespace {

/// Puts what was answered about starts behind what was answered about the series.
FetchResult Join(FetchResult series, FetchResult starts) {
  series.attempts = std::max(series.attempts, starts.attempts);
  if (starts.failure) {
    FetchResult failed;
    failed.failure = std::move(starts.failure);
    failed.attempts = series.attempts;
    failed.batch = series.batch;
    return failed;
  }
  for (std::size_t i = 0; i < starts.samples.size(); ++i) {
    series.starts.push_back({std::move(starts.answers[i].answer), std::move(starts.samples[i])});
  }
  std::move(starts.queries.begin(), starts.queries.end(), std::back_inserter(series.queries));
  std::move(starts.rejected.begin(), starts.rejected.end(), std::back_inserter(series.rejected));
  return series;
}

}  // namespace

void Fetch(const std::shared_ptr<SourceGate>& gate, FetchRequest request,
           std::function<void(FetchResult)> done) {
  if (!request.raw || !metering::NeedsStarts(*request.spec)) {
    FetchSeries(gate, std::move(request), std::move(done));
    return;
  }
  FetchRequest starts = request;
  auto spec = std::make_shared<metering::MetricSpec>(*request.spec);
  spec->metric = metering::StartMetricOf(spec->metric);
  starts.spec = std::move(spec);
  FetchSeries(gate, std::move(request),
              [gate, starts = std::move(starts), done = std::move(done)](FetchResult series) {
                bool any = false;
                for (const metering::ScopedAnswer& scoped : series.answers) {
                  any = any || scoped.answer.size() > 0;
                }
                if (series.failure || !any) {
                  done(std::move(series));
                  return;
                }
                FetchRequest next = starts;
                next.batch = series.batch;
                auto kept = std::make_shared<FetchResult>(std::move(series));
                FetchSeries(gate, std::move(next), [kept, done](FetchResult begun) {
                  done(Join(std::move(*kept), std::move(begun)));
                });
              });
}

}  // namespace promtally::collector
