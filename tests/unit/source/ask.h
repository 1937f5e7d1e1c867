// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <string>
#include <utility>

#include "source/prometheus_source.h"
#include "source/source.h"

namespace promtally::source {

/// Each asks and waits for the one callback.
inline QueryOutcome Ask(Source& source, const std::string& text, base::Instant time) {
  std::promise<QueryOutcome> promise;
  source.Query(text, time, [&](QueryOutcome outcome) { promise.set_value(std::move(outcome)); });
  return promise.get_future().get();
}

inline ServerIdentity Identify(Source& source) {
  std::promise<ServerIdentity> promise;
  source.Identify([&](ServerIdentity identity) { promise.set_value(std::move(identity)); });
  return promise.get_future().get();
}

inline Source::LabelValues LabelValuesOf(Source& source, const std::string& label,
                                         const std::string& selector, metering::Period period) {
  std::promise<Source::LabelValues> promise;
  source.ListLabelValues(label, {selector}, period,
                         [&](Source::LabelValues values) { promise.set_value(std::move(values)); });
  return promise.get_future().get();
}

inline std::optional<bool> HasDataUpTo(Source& source, base::Instant time) {
  std::promise<std::optional<bool>> promise;
  source.HasDataUpTo(time, [&](std::optional<bool> has) { promise.set_value(has); });
  return promise.get_future().get();
}

inline config::SourceSettings SettingsFor(std::string url) {
  config::SourceSettings settings;
  settings.url = std::move(url);
  settings.timeout = base::Milliseconds(10000);
  return settings;
}

}  // namespace promtally::source
