// SPDX-License-Identifier: Apache-2.0
#include "collector/left_jobs.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "collector/catalogue_entry.h"

namespace promtally::collector {

namespace {

/// Whether a spec has periods before it was retired that are not answered yet.
base::Result<bool> HasOpenPeriods(ledger::Ledger& ledger, const ledger::Spec& spec,
                                  base::Seconds length) {
  auto rows = ledger.Periods(spec.id, spec.first_period);
  if (!rows) {
    return tl::unexpected(rows.error());
  }
  base::Instant reached = spec.first_period;
  for (const ledger::PeriodSummary& row : *rows) {
    if (row.state == ledger::PeriodState::kOpen || reached < row.begin) {
      return true;
    }
    reached = std::max(reached, row.end);
  }
  return metering::AlignUp(reached, length) < *spec.retired_at;
}

/// Jobs that are in the ledger and no longer configured.
class LeftJobs {
 public:
  LeftJobs(ledger::Ledger& ledger, const RegisterRequest& request, Catalogue* catalogue)
      : ledger_(ledger), request_(request), catalogue_(*catalogue) {}

  base::Status Run() {
    auto jobs = ledger_.Jobs();
    if (!jobs) {
      return tl::unexpected(jobs.error());
    }
    for (const ledger::Job& job : *jobs) {
      const bool is_configured =
          std::any_of(request_.jobs.begin(), request_.jobs.end(),
                      [&job](const ConfiguredJob& each) { return each.settings.job == job.name; });
      if (auto status = is_configured ? base::Status() : Leave(job); !status) {
        return base::Fail("job \"" + job.name + "\"", status.error());
      }
    }
    return {};
  }

 private:
  base::Status Leave(const ledger::Job& job) {
    auto specs = ledger_.Specs(job.id);
    if (!specs) {
      return tl::unexpected(specs.error());
    }
    bool is_open = false;
    for (ledger::Spec& spec : *specs) {
      if (!spec.retired_at) {
        spec.retired_at = request_.now;
        if (auto status = ledger_.SetRetired(spec.id, request_.now); !status) {
          return status;
        }
        Warn(job, "\"" + spec.name + "\" is retired with its job, which is no longer configured");
      }
      const auto has_open = HasOpenPeriods(ledger_, spec, job.schedule.period);
      if (!has_open) {
        return tl::unexpected(has_open.error());
      }
      is_open = is_open || *has_open;
    }
    return is_open ? GoOn(job, *std::move(specs)) : base::Status();
  }

  /// Collects what is open with the settings that the job had.
  base::Status GoOn(const ledger::Job& job, std::vector<ledger::Spec> specs) {
    auto settings = config::JobFromYaml(job.settings);
    if (!settings || !request_.sources.contains(settings->source)) {
      Warn(job, "it is no longer configured, and " +
                    (settings ? "neither is its source \"" + settings->source + "\""
                              : std::string("the ledger does not have its settings")) +
                    ": its open periods stay open (status shows them)");
      return {};
    }
    auto filter = FilterOf(*settings);
    if (!filter) {
      return tl::unexpected(filter.error());
    }
    CatalogueJob left;
    left.id = job.id;
    left.settings = *std::move(settings);
    left.filter = *std::move(filter);
    for (ledger::Spec& spec : specs) {
      left.specs.push_back(
          EntryOf(std::move(spec), left.settings.schedule.period, &catalogue_.warnings));
    }
    catalogue_.jobs.push_back(std::move(left));
    return {};
  }

  void Warn(const ledger::Job& job, const std::string& text) {
    catalogue_.warnings.push_back("job \"" + job.name + "\": " + text);
  }

  ledger::Ledger& ledger_;
  const RegisterRequest& request_;
  Catalogue& catalogue_;
};

}  // namespace

base::Status LeaveJobs(ledger::Ledger& ledger, const RegisterRequest& request,
                       Catalogue* catalogue) {
  return LeftJobs(ledger, request, catalogue).Run();
}

}  // namespace promtally::collector
