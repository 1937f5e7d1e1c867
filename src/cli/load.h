// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "collector/catalogue.h"
#include "collector/configured.h"
#include "ledger/ledger.h"
#include "promtally/base/diagnostic.h"
#include "promtally/base/result.h"
#include "promtally/config/settings.h"

namespace promtally::cli {

/// A value, or the exit status with which the program ends (what is wrong was printed).
template <typename T>
using OrExit = tl::expected<T, int>;

using Configuration = collector::Configured;

/// Reads a file of at most 4 MiB (the configuration limit).
[[nodiscard]] base::Result<std::string> ReadFile(const std::string& path);

/// `path` as seen from the folder of `file`.
[[nodiscard]] std::string JoinPath(const std::string& file, const std::string& path);

/// The files that HTTP client keys of `file` name, likewise.
void JoinHttpPaths(const std::string& file, config::HttpClientSettings* http);

/// Prints every diagnostic to standard error.
void PrintDiagnostics(const base::Diagnostics& diagnostics);
/// `promtally: error: …` on standard error; returns `status`.
int PrintError(const std::string& message, int status);

/// What is said of warnings when a configuration is loaded: all of them (a dry run), those of
/// promtally.yml and how many metrics files have (a run: it repeats every hour), or nothing.
enum class Warnings { kShow, kCount, kHide };

/// promtally.yml with the metrics files of its jobs, and everything that is to be said of them.
struct ConfigurationRead {
  Configuration configuration;  ///< whole without errors
  base::Diagnostics settings_diagnostics;
  struct MetricsFile {
    std::string path;
    base::Diagnostics diagnostics;
  };
  std::vector<MetricsFile> metrics_files;
  std::vector<std::string> failures;  ///< files that could not be read

  [[nodiscard]] bool HasErrors() const;
};
/// Whether secrets and certificates of sources have to be there: what asks no server does without.
enum class Files { kNeeded, kIgnored };
[[nodiscard]] ConfigurationRead ReadConfiguration(const std::string& file, Files files);
/// The same for a reload: the errors, one line each and without lines of the files.
[[nodiscard]] base::Result<Configuration> RereadConfiguration(const std::string& file);

/// Loads and checks everything; errors are printed and give exit status 3.
[[nodiscard]] OrExit<Configuration> LoadConfiguration(const std::string& file, Warnings warnings,
                                                      Files files);

/// Loads an --http.config.file.
[[nodiscard]] OrExit<config::HttpClientSettings> LoadHttpClient(const std::string& file,
                                                                Files files);

/// Makes the ledger know the configuration; warnings are printed. Exit status 3 when a job's
/// identity changed.
[[nodiscard]] OrExit<collector::Catalogue> RegisterConfiguration(ledger::Ledger& ledger,
                                                                 const Configuration& configuration,
                                                                 bool accept_identity_change);

/// The path of the ledger that is meant: --ledger before the file's; exit status 2 when none was
/// given.
[[nodiscard]] OrExit<std::string> LedgerPath(const LedgerOptions& options);

[[nodiscard]] std::optional<std::string> EnvironmentVariable(const std::string& name);

/// The local clock, UTC.
[[nodiscard]] base::Instant Now();

/// A range from the command line, aligned to `period`; exit status 2 with the two nearest aligned
/// instants otherwise. Both ends or the begin alone (then one period). Without a begin: nullopt.
[[nodiscard]] OrExit<std::optional<metering::Period>> ParseAlignedRange(const RangeOptions& options,
                                                                        base::Seconds period);

/// The specs that NAMEs mean: a spec's name, or the metric's key where it has one spec only. Exit
/// status 2 for a name that means nothing or too much.
[[nodiscard]] OrExit<metering::MetricSpecs> SelectSpecs(const metering::MetricSpecs& specs,
                                                        const std::vector<std::string>& names);

}  // namespace promtally::cli
