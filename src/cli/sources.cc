// SPDX-License-Identifier: Apache-2.0
#include "cli/sources.h"

#include <boost/asio/executor_work_guard.hpp>

#include "source/prometheus_source.h"

namespace promtally::cli {

std::shared_ptr<collector::SourceGate> OpenSource(boost::asio::io_context& loop,
                                                  const config::SourceSettings& settings) {
  return std::make_shared<collector::SourceGate>(
      loop, settings.name, source::MakePrometheusSource(settings), settings.concurrency);
}

Gates OpenSources(boost::asio::io_context& loop, const config::Settings& settings) {
  Gates gates;
  for (const config::SourceSettings& source : settings.sources) {
    gates[source.name] = OpenSource(loop, source);
  }
  return gates;
}

void RunUntilDone(boost::asio::io_context& loop,
                  const std::function<void(std::function<void()> done)>& start) {
  // Answers come from another thread: without the guard the loop would find nothing to do and
  // return.
  auto guard = boost::asio::make_work_guard(loop);
  loop.restart();
  start([&guard] { guard.reset(); });
  loop.run();
}

}  // namespace promtally::cli
