// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "collector/source_gate.h"
#include "promtally/config/settings.h"

namespace promtally::collector {

using Gates = std::map<std::string, std::shared_ptr<SourceGate>>;

/// A gate to one source.
[[nodiscard]] std::shared_ptr<SourceGate> OpenSource(boost::asio::io_context& loop,
                                                     const config::SourceSettings& settings);

/// All sources of the settings, by name.
[[nodiscard]] Gates OpenSources(boost::asio::io_context& loop, const config::Settings& settings);

}  // namespace promtally::collector
