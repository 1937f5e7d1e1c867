// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/options.h"

namespace CLI {
class App;
}

namespace promtally::cli {

// Options that several sub-commands have.
void AddConfig(CLI::App* command, std::string* file);
void AddLedgerPath(CLI::App* command, std::string* path);
void AddWhere(CLI::App* command, LedgerOptions* where);
void AddRange(CLI::App* command, RangeOptions* range);
void AddFormat(CLI::App* command, Format* format);

}  // namespace promtally::cli
