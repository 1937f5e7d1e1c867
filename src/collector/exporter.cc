// SPDX-License-Identifier: Apache-2.0
#include "collector/exporter.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace promtally::collector {

namespace {

/// A spec to be read anew, with what is known of it.
struct Marked {
  std::int64_t spec_id = 0;
  exposition::ExportDefinition definition;
};

exposition::UsageFamily MakeFamily(exposition::ExportDefinition definition,
                                   ledger::Ledger::ExportState state) {
  exposition::UsageFamily family;
  family.definition = std::move(definition);
  family.newest_answered = state.newest_answered;
  family.too_many = state.too_many;
  family.series.reserve(state.series.size());
  for (ledger::Ledger::SeriesTotals& series : state.series) {
    family.series.push_back({std::move(series.labels), std::move(series.positive),
                             std::move(series.negative), series.created, std::move(series.newest),
                             std::move(series.correction)});
  }
  return family;
}

/// Whether a prediction behind the newest one that was made has failed.
bool HasFailedSince(ledger::Ledger& ledger, std::int64_t spec_id,
                    const std::optional<metering::Period>& newest) {
  const auto unfinished = ledger.Unfinished(spec_id);
  return unfinished && std::any_of(unfinished->begin(), unfinished->end(),
                                   [&newest](const ledger::PeriodEntry& entry) {
                                     return !newest || entry.period.begin > newest->begin;
                                   });
}

void RefreshSpec(ledger::Ledger& ledger, Marked marked, std::size_t max_series,
                 const Exporter::Targets& targets, Exporter::Refusals* refusals) {
  auto state = ledger.Export(marked.spec_id, max_series);
  const std::string job = marked.definition.job;
  const std::string name = marked.definition.name;
  if (!state) {
    targets.log->Error("Reading usage for export failed",
                       {{"promtally_job", job}, {"name", name}, {"err", state.error().message}});
    return;
  }
  if (const auto& model = marked.definition.model;
      model && model->on_error == metering::OnModelError::kAbsent &&
      HasFailedSince(ledger, marked.spec_id, state->newest_answered)) {
    for (ledger::SeriesTotals& series : state->series) {
      series.newest.reset();
    }
  }
  targets.metrics->SetExportLeftOut(job, name, state->too_many);
  const auto status =
      targets.page->Update(MakeFamily(std::move(marked.definition), *std::move(state)));
  if (status) {
    refusals->erase({job, name});
    return;
  }
  std::string& told = (*refusals)[{job, name}];
  if (told != status.error().message) {
    told = status.error().message;
    targets.log->Warn("Usage is not exported",
                      {{"promtally_job", job}, {"name", name}, {"err", told}});
  }
}

void RefreshCounts(ledger::Reader& reader, base::Instant now, const Exporter::Targets& targets) {
  const auto statuses = reader.Statuses(now);
  if (!statuses) {
    targets.log->Error("Reading period states failed", {{"err", statuses.error().message}});
    return;
  }
  for (const ledger::SpecStatus& status : *statuses) {
    if (status.retired) {
      continue;  // no longer configured: its series left the page
    }
    targets.metrics->SetPeriods(status.job, status.name,
                                {status.committed, status.empty, status.open, status.failed});
    targets.metrics->SetPeriodLag(status.job, status.name, status.lag);
  }
}

}  // namespace

exposition::ExportDefinition ExportDefinitionOf(const CatalogueJob& job,
                                                const CatalogueSpec& spec) {
  const ledger::SpecVersion& version = spec.newest();
  exposition::ExportDefinition definition;
  definition.job = job.settings.job;
  definition.name = spec.stored.name;
  definition.metric = version.metric;
  definition.unit = version.unit;
  definition.period = job.settings.schedule.period;
  definition.scope_key = job.settings.scope_key;
  definition.groupby = version.groupby;
  if (const auto at = spec.versions.find(version.id); at != spec.versions.end()) {
    definition.options = at->second->export_options;
    definition.can_be_negative = metering::CanBeNegative(*at->second);
    definition.can_be_corrected = config::AuditOf(job.settings, at->second->evaluation).count() > 0;
  }
  return definition;
}

exposition::ExportDefinition ExportDefinitionOf(const CatalogueJob& job,
                                                const CatalogueSpec& measured,
                                                const metering::ModelBlock& block,
                                                const ledger::Spec& output) {
  const ledger::SpecVersion& version = output.versions.back();
  exposition::ExportDefinition definition;
  definition.job = job.settings.job;
  definition.name = version.name;
  definition.metric = measured.stored.name;
  definition.unit = version.unit;
  definition.period = job.settings.schedule.period;
  definition.scope_key = job.settings.scope_key;
  definition.groupby = version.groupby;
  definition.can_be_negative = true;
  definition.options.type = block.type == metering::OutputType::kCounter
                                ? metering::ExportType::kCounter
                                : metering::ExportType::kGauge;
  definition.model = block;
  if (output.name != block.name) {
    definition.model->type = metering::OutputType::kGauge;  // an end of the interval
    definition.options.type = metering::ExportType::kGauge;
  }
  return definition;
}

Exporter::Exporter(LedgerThread* ledger, std::shared_ptr<const Catalogue> catalogue,
                   std::shared_ptr<ledger::Reader> reader, Targets targets, std::size_t max_series)
    : ledger_(ledger),
      catalogue_(std::move(catalogue)),
      reader_(std::move(reader)),
      targets_(targets),
      max_series_(max_series),
      watcher_(std::make_shared<SpecWatcher>()),
      refusals_(std::make_shared<Refusals>()) {}

void Exporter::Replace(std::shared_ptr<const Catalogue> catalogue, std::size_t max_series) {
  catalogue_ = std::move(catalogue);
  max_series_ = max_series;
  changed_.clear();
}

void Exporter::MarkAll() {
  for (const CatalogueJob& job : catalogue_->jobs) {
    for (const CatalogueSpec& spec : job.specs) {
      changed_.insert(spec.stored.id);
      for (const CataloguePrediction& prediction : spec.predictions) {
        for (const auto& [part, output] : prediction.outputs) {
          changed_.insert(output.id);
        }
      }
    }
  }
}

void Exporter::Refresh(base::Instant now, std::function<void()> done) {
  std::vector<Marked> marked;
  for (const CatalogueJob& job : catalogue_->jobs) {
    for (const CatalogueSpec& spec : job.specs) {
      if (!spec.stored.retired_at && changed_.contains(spec.stored.id)) {
        marked.push_back({spec.stored.id, ExportDefinitionOf(job, spec)});
      }
      for (const CataloguePrediction& prediction : spec.predictions) {
        for (const auto& [part, output] : prediction.outputs) {
          if (changed_.contains(output.id)) {
            marked.push_back({output.id, ExportDefinitionOf(job, spec, prediction.block, output)});
          }
        }
      }
    }
  }
  changed_.clear();
  ledger_->Post([marked = std::move(marked), reader = reader_, targets = targets_,
                 max_series = max_series_, watcher = watcher_, refusals = refusals_, now,
                 done = std::move(done)](ledger::WritableLedger& ledger) {
    for (const Marked& spec : marked) {
      RefreshSpec(ledger, spec, max_series, targets, refusals.get());
      if (spec.definition.model) {
        continue;  // what operators watch is what was measured
      }
      watcher->Look(*reader, spec.definition.job, spec.definition.name, *targets.metrics,
                    *targets.log);
    }
    RefreshCounts(*reader, now, targets);
    targets.metrics->SetLedgerSize(ledger.SizeBytes());
    if (done) {
      done();
    }
  });
}

}  // namespace promtally::collector
