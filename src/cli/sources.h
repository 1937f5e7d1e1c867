// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "collector/source_gate.h"
#include "promtally/config/settings.h"

namespace promtally::cli {

using Gates = std::map<std::string, std::shared_ptr<collector::SourceGate>>;

/// A gate to one source.
[[nodiscard]] std::shared_ptr<collector::SourceGate> OpenSource(
    boost::asio::io_context& loop, const config::SourceSettings& settings);

/// All sources of the settings, by name.
[[nodiscard]] Gates OpenSources(boost::asio::io_context& loop, const config::Settings& settings);

/// Runs the loop until what `start` begins calls the function it is given.
void RunUntilDone(boost::asio::io_context& loop,
                  const std::function<void(std::function<void()> done)>& start);

}  // namespace promtally::cli
