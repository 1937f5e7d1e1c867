// SPDX-License-Identifier: Apache-2.0
#include "cli/collect_dry_run.h"

#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "cli/exit_status.h"
#include "cli/ledger_copy.h"
#include "cli/query_target.h"
#include "collector/plan.h"
#include "delivery/json_lines.h"
#include "promtally/metering/exact_usage.h"

namespace promtally::cli {

namespace {

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
      const metering::PeriodQuery query =
          metering::QueryOfPeriod(*version->second, target.scope_key, part.scopes, item.period,
                                  job.settings.schedule.settle);
      const delivery::QueryLine line{job.settings.job, version->second->metric,
                                     spec.stored.name, part.asked,
                                     query.text,       query.time};
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
  auto plan = collector::PlanRound(**ledger, &*catalogue,
                                   {range, options.retry_failed, std::nullopt, {}}, Now());
  if (!plan) {
    return PrintError(plan.error().message, kIncomplete);
  }
  PrintPlannedQueries(*catalogue, *plan, options.format);
  return kDone;
}

}  // namespace promtally::cli
