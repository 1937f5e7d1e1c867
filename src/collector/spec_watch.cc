// SPDX-License-Identifier: Apache-2.0
#include "collector/spec_watch.h"

#include <fmt/format.h>

namespace promtally::collector {

namespace {

std::string Named(const ledger::SpecWatch& watch) {
  std::string text;
  for (const std::string& name : watch.absent_names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  const auto named = static_cast<std::int64_t>(watch.absent_names.size());
  return watch.absent_scopes > named
             ? text + fmt::format(" and {} more", watch.absent_scopes - named)
             : text;
}

}  // namespace

std::vector<std::string> WarningsOf(const ledger::SpecWatch& watch) {
  std::vector<std::string> warnings;
  if (!watch.newest) {
    return warnings;
  }
  const std::string begin = base::ToText(watch.newest->begin);
  if (watch.absent_scopes > 0) {
    warnings.push_back(fmt::format("{} scope{} of the period before {} absent in the one of {}: {}",
                                   watch.absent_scopes, watch.absent_scopes == 1 ? "" : "s",
                                   watch.absent_scopes == 1 ? "is" : "are", begin, Named(watch)));
  }
  if (watch.HasFewSeries()) {
    warnings.push_back(fmt::format("the period of {} has {} series, the median before it is {}",
                                   begin, watch.series, *watch.series_median));
  }
  return warnings;
}

void SpecWatcher::Look(ledger::Reader& reader, const std::string& job, const std::string& name,
                       exposition::SelfMetrics& metrics, const EventLog& log) {
  const auto watch = reader.Watch(job, name);
  if (!watch) {
    log.Error("Comparing with earlier periods failed",
              {{"promtally_job", job}, {"name", name}, {"err", watch.error().message}});
    return;
  }
  if (!*watch || !(*watch)->newest) {
    return;
  }
  metrics.SetWatch(
      job, name, {(*watch)->series, (*watch)->series_median.value_or(0), (*watch)->absent_scopes});
  const base::Instant begin = (*watch)->newest->begin;
  const auto [at, is_new] = seen_.try_emplace({job, name}, begin);
  if (!is_new && at->second == begin) {
    return;
  }
  at->second = begin;
  for (const std::string& warning : WarningsOf(**watch)) {
    log.Warn("Usage looks unusual", {{"promtally_job", job}, {"name", name}, {"err", warning}});
  }
}

}  // namespace promtally::collector
