// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "promtally/config/metrics_file.h"

namespace promtally::cli {

namespace {

base::Diagnostics CheckFile(const std::string& file) {
  auto text = ReadFile(file);
  if (!text) {
    base::Diagnostic diagnostic;
    diagnostic.file = file;
    diagnostic.message = text.error().message;
    return {diagnostic};
  }
  return config::LooksLikeSettings(*text)
             ? config::ReadSettings(*text, file, EnvironmentVariable).diagnostics
             : config::ReadMetricsFile(*text, file).diagnostics;
}

}  // namespace

int RunCheck(const CheckOptions& options) {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const std::string& file : options.files) {
    const base::Diagnostics diagnostics = CheckFile(file);
    PrintDiagnostics(diagnostics);
    const auto bad = static_cast<std::size_t>(std::count_if(
        diagnostics.begin(), diagnostics.end(),
        [](const base::Diagnostic& each) { return each.severity == base::Severity::kError; }));
    errors += bad;
    warnings += diagnostics.size() - bad;
    if (diagnostics.empty()) {
      std::cout << file << ": ok\n";
    } else {
      std::cout << fmt::format("{}: {} error{}, {} warning{}\n", file, bad, bad == 1 ? "" : "s",
                               diagnostics.size() - bad, diagnostics.size() - bad == 1 ? "" : "s");
    }
  }
  return errors > 0 || (options.strict && warnings > 0) ? kBadConfiguration : kDone;
}

}  // namespace promtally::cli
