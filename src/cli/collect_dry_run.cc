// SPDX-License-Identifier: Apache-2.0
#include "cli/collect_dry_run.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_status.h"
#include "cli/query_target.h"
#include "collector/plan.h"
#include "delivery/json_lines.h"
#include "ledger/sqlite_ledger.h"
#include "promtally/metering/query_builder.h"

namespace promtally::cli {

namespace {

/// A folder that is removed when it is done with.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "promtally-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) {
      path_ = pattern;
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Plans on a copy of the ledger, so that what is shown is what a run would do, and nothing is
/// changed.
OrExit<std::unique_ptr<ledger::WritableLedger>> OpenCopy(const std::string& path,
                                                         const TemporaryFolder& folder) {
  const std::string copy = (folder.path() / "ledger.db").string();
  auto reader = ledger::OpenSqliteReader(path);
  if (reader) {
    if (auto status = (*reader)->Backup(copy); !status) {
      return tl::unexpected(PrintError(status.error().message, kIncomplete));
    }
  } else if (reader.error().code != base::ErrorCode::kNotFound) {
    return tl::unexpected(PrintError(reader.error().message, kIncomplete));
  }
  auto ledger = ledger::OpenSqliteLedger(copy);
  if (!ledger) {
    return tl::unexpected(PrintError(ledger.error().message, kIncomplete));
  }
  return *std::move(ledger);
}

base::Seconds LengthOf(metering::Period period) {
  return std::chrono::duration_cast<base::Seconds>(period.end - period.begin);
}

void PrintPlannedQueries(const collector::Catalogue& catalogue, const collector::RoundPlan& plan,
                         Format format) {
  Table table({{"job"}, {"name"}, {"scope"}, {"time"}, {"query"}});
  for (const collector::WorkItem& item : plan.items) {
    const collector::CatalogueJob& job = catalogue.jobs[item.job];
    const collector::CatalogueSpec& spec = job.specs[item.spec];
    QueryTarget target;
    target.scope_key = job.settings.scope_key;
    target.filter = job.filter;
    const auto version = spec.versions.find(item.version_id);
    if (version == spec.versions.end()) {
      continue;  // it cannot be read, which was said before
    }
    const metering::QueryParts parts = PartsOf(target, *version->second);
    if (!parts.unknown_scopes.empty()) {
      std::cerr << fmt::format(
          "note: \"{}\" {} is asked once a scope ({}); the scopes are found then\n",
          Printable(spec.stored.name), base::ToText(item.period.begin),
          Printable(parts.unknown_scopes));
    }
    for (const metering::QueryPart& part : parts.parts) {
      const delivery::QueryLine line{job.settings.job,
                                     version->second->metric,
                                     spec.stored.name,
                                     part.asked,
                                     metering::BuildQuery(*version->second, target.scope_key,
                                                          part.scopes, LengthOf(item.period)),
                                     item.period.end};
      if (format == Format::kJson) {
        std::cout << delivery::ToJson(line) << '\n';
      } else {
        table.Add(
            {*line.job, line.name, line.scope.value_or(""), base::ToText(line.time), line.query});
      }
    }
  }
  if (format != Format::kJson) {
    table.Print(std::cout, format);
  }
}

}  // namespace

int RunCollectDry(const CollectOptions& options, const Configuration& configuration,
                  const std::optional<metering::Period>& range) {
  const TemporaryFolder folder;
  auto ledger =
      OpenCopy(options.ledger.empty() ? configuration.ledger_path : options.ledger, folder);
  if (!ledger) {
    return ledger.error();
  }
  auto catalogue = RegisterConfiguration(**ledger, configuration, options.accept_identity_change);
  if (!catalogue) {
    return catalogue.error();
  }
  auto plan = collector::PlanRound(**ledger, &*catalogue, {range, options.retry_failed}, Now());
  if (!plan) {
    return PrintError(plan.error().message, kIncomplete);
  }
  PrintPlannedQueries(*catalogue, *plan, options.format);
  return kDone;
}

}  // namespace promtally::cli
