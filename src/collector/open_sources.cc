// SPDX-License-Identifier: Apache-2.0
#include "collector/open_sources.h"

#include "source/prometheus_source.h"

namespace promtally::collector {

std::shared_ptr<SourceGate> OpenSource(boost::asio::io_context& loop,
                                       const config::SourceSettings& settings) {
  return std::make_shared<SourceGate>(loop, settings.name, source::MakePrometheusSource(settings),
                                      settings.concurrency);
}

Gates OpenSources(boost::asio::io_context& loop, const config::Settings& settings) {
  Gates gates;
  for (const config::SourceSettings& source : settings.sources) {
    gates[source.name] = OpenSource(loop, source);
  }
  return gates;
}

}  // namespace promtally::collector
