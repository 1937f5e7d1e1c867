// SPDX-License-Identifier: Apache-2.0
#include "collector/catalogue.h"

#include <algorithm>
#include <utility>

#include "promtally/config/metrics_file.h"
#include "promtally/metering/query_mode.h"

namespace promtally::collector {

namespace {

using base::Result;
using ledger::Spec;
using ledger::SpecVersion;

std::vector<std::string> Unique(const std::vector<std::string>& labels) {
  std::vector<std::string> unique;
  for (const std::string& label : labels) {
    if (std::find(unique.begin(), unique.end(), label) == unique.end()) {
      unique.push_back(label);
    }
  }
  return unique;
}

SpecVersion MakeVersion(const metering::MetricSpec& spec, const config::JobSettings& job,
                        base::Instant valid_from) {
  SpecVersion version;
  version.valid_from = valid_from;
  version.name = spec.name;
  version.metric = spec.metric;
  version.unit = spec.unit;
  version.groupby = Unique(metering::GroupbyLabels(spec, job.scope_key));
  version.metadata = Unique(spec.metadata);
  version.rounding = job.rounding;
  version.definition = config::ToDefinition(spec);
  return version;
}

bool SameDefinition(const SpecVersion& a, const SpecVersion& b) {
  return a.definition == b.definition && a.rounding == b.rounding && a.groupby == b.groupby;
}

std::string ConfigText(const std::vector<ConfiguredJob>& jobs) {
  std::string text;
  for (const ConfiguredJob& job : jobs) {
    text += "# job " + job.settings.job + ", " + job.settings.metrics_file + ", period " +
            base::ToText(base::Milliseconds(job.settings.schedule.period)) + ", scope_key " +
            job.settings.scope_key.value_or("-") + "\n" + job.metrics_text;
  }
  return text;
}

/// One job's way into the ledger.
class Registration {
 public:
  Registration(ledger::Ledger& ledger, const RegisterRequest& request, std::int64_t config_id,
               const ConfiguredJob& configured, std::vector<std::string>* warnings)
      : ledger_(ledger),
        request_(request),
        config_id_(config_id),
        configured_(configured),
        warnings_(*warnings) {}

  Result<CatalogueJob> Run() {
    auto filter = metering::ScopeFilter::Make(configured_.settings.include_scopes,
                                              configured_.settings.exclude_scopes);
    if (!filter) {
      return tl::unexpected(filter.error());
    }
    job_.settings = configured_.settings;
    job_.filter = std::make_shared<const metering::ScopeFilter>(*std::move(filter));
    if (auto status = PutJob(); !status) {
      return tl::unexpected(status.error());
    }
    auto stored = ledger_.Specs(job_.id);
    if (!stored) {
      return tl::unexpected(stored.error());
    }
    job_is_new_ = stored->empty();
    for (const metering::MetricSpec& spec : configured_.specs) {
      WarnOfMode(spec);
      const auto at = std::find_if(stored->begin(), stored->end(),
                                   [&spec](const Spec& row) { return row.name == spec.name; });
      auto entry = at == stored->end() ? Add(spec) : Update(spec, std::move(*at));
      if (at != stored->end()) {
        stored->erase(at);
      }
      if (!entry) {
        return tl::unexpected(entry.error());
      }
      Remember(*std::move(entry));
    }
    for (Spec& gone : *stored) {
      if (auto status = Retire(&gone); !status) {
        return tl::unexpected(status.error());
      }
      Remember(std::move(gone));
    }
    return std::move(job_);
  }

 private:
  void WarnOfMode(const metering::MetricSpec& spec) {
    const auto choice = metering::ChooseMode(spec, configured_.settings.scope_key);
    if (!choice.reason.empty()) {
      warnings_.push_back("job \"" + configured_.settings.job + "\": \"" + spec.name +
                          "\" is asked once a scope: " + choice.reason);
    }
  }

  base::Status PutJob() {
    const config::JobSettings& settings = configured_.settings;
    auto known = ledger_.FindJob(settings.job);
    if (!known) {
      return tl::unexpected(known.error());
    }
    ledger::Job job{0, settings.job, settings.schedule, settings.scope_key, settings.start};
    if (*known && (*known)->start != settings.start) {
      warnings_.push_back("job \"" + settings.job +
                          "\": a changed start is ignored, the first "
                          "periods are fixed in the ledger");
      job.start = (*known)->start;
    }
    auto id = ledger_.PutJob(job, request_.accept_identity_change);
    if (!id) {
      return tl::unexpected(id.error());
    }
    job_.id = *id;
    start_ = job.start;
    return {};
  }

  Result<Spec> Add(const metering::MetricSpec& spec) {
    Spec row;
    row.job_id = job_.id;
    row.name = spec.name;
    row.first_period = metering::FirstPeriod(configured_.settings.schedule,
                                             {start_, job_is_new_, spec.backfill}, request_.now);
    row.versions.push_back(MakeVersion(spec, configured_.settings, row.first_period));
    return ledger_.AddSpec(row, config_id_);
  }

  Result<Spec> Update(const metering::MetricSpec& spec, Spec row) {
    if (row.retired_at) {
      if (auto status = ledger_.SetRetired(row.id, std::nullopt); !status) {
        return tl::unexpected(status.error());
      }
      row.retired_at.reset();
    }
    // Never before a version that is there, should the clock have gone back: it would stay the
    // newest.
    const base::Instant next =
        std::max(metering::AlignUp(request_.now, configured_.settings.schedule.period),
                 row.versions.back().valid_from);
    const SpecVersion version = MakeVersion(spec, configured_.settings, next);
    if (!SameDefinition(version, row.versions.back())) {
      auto added = ledger_.AddVersion(row.id, version, config_id_);
      if (!added) {
        return tl::unexpected(added.error());
      }
      if (row.versions.back().id == added->id || row.versions.back().valid_from == next) {
        auto again = ledger_.Specs(job_.id);  // a version was replaced: read it as it is now
        if (!again) {
          return tl::unexpected(again.error());
        }
        return *std::find_if(again->begin(), again->end(),
                             [&row](const Spec& other) { return other.id == row.id; });
      }
      row.versions.push_back(*std::move(added));
    }
    return row;
  }

  base::Status Retire(Spec* gone) {
    if (gone->retired_at) {
      return {};
    }
    warnings_.push_back("job \"" + configured_.settings.job + "\": \"" + gone->name +
                        "\" is no longer configured; it is retired, its open periods still finish");
    gone->retired_at = request_.now;
    return ledger_.SetRetired(gone->id, request_.now);
  }

  void Remember(Spec row) {
    CatalogueSpec entry;
    // Of another length when the job's period was changed.
    entry.frontier = metering::AlignUp(row.first_period, configured_.settings.schedule.period);
    for (const SpecVersion& version : row.versions) {
      auto spec = config::FromDefinition(version.definition);
      if (spec) {
        entry.versions[version.id] = std::make_shared<const metering::MetricSpec>(*std::move(spec));
      } else {
        warnings_.push_back("\"" + row.name +
                            "\": a stored version cannot be read: " + spec.error().message);
      }
    }
    entry.stored = std::move(row);
    job_.specs.push_back(std::move(entry));
  }

  ledger::Ledger& ledger_;
  const RegisterRequest& request_;
  std::int64_t config_id_;
  const ConfiguredJob& configured_;
  std::vector<std::string>& warnings_;
  CatalogueJob job_;
  std::optional<base::Instant> start_;
  bool job_is_new_ = false;
};

}  // namespace

Result<Catalogue> Register(ledger::Ledger& ledger, const RegisterRequest& request) {
  auto config_id = ledger.RecordConfig(ConfigText(request.jobs), request.now);
  if (!config_id) {
    return tl::unexpected(config_id.error());
  }
  Catalogue catalogue;
  for (const ConfiguredJob& configured : request.jobs) {
    auto job = Registration(ledger, request, *config_id, configured, &catalogue.warnings).Run();
    if (!job) {
      return base::Fail("job \"" + configured.settings.job + "\"", job.error());
    }
    catalogue.jobs.push_back(*std::move(job));
  }
  return catalogue;
}

}  // namespace promtally::collector
