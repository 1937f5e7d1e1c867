// SPDX-License-Identifier: Apache-2.0
#include "collector/catalogue.h"

#include <algorithm>
#include <utility>

#include "collector/catalogue_entry.h"
#include "collector/left_jobs.h"
#include "collector/length_change.h"
#include "collector/register_predictions.h"
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
  return a.name == b.name && a.definition == b.definition && a.rounding == b.rounding &&
         a.groupby == b.groupby;
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
    auto filter = FilterOf(configured_.settings);
    if (!filter) {
      return tl::unexpected(filter.error());
    }
    job_.settings = configured_.settings;
    job_.filter = *std::move(filter);
    if (auto status = PutJob(); !status) {
      return tl::unexpected(status.error());
    }
    auto stored = ledger_.Specs(job_.id);
    if (!stored) {
      return tl::unexpected(stored.error());
    }
    job_is_new_ = stored->empty();
    if (auto status = KeepTime(*stored); !status) {
      return tl::unexpected(status.error());
    }
    if (auto status = Rename(&*stored); !status) {
      return tl::unexpected(status.error());
    }
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
    const PredictionRequest predictions{configured_, config_id_, request_.now};
    if (auto status = RegisterPredictions(ledger_, predictions, &job_); !status) {
      return tl::unexpected(status.error());
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
    ledger::Job job{0,
                    settings.job,
                    settings.schedule,
                    settings.scope_key,
                    settings.start,
                    config::ToYaml(settings)};
    if (*known) {
      former_length_ = (*known)->schedule.period;
    }
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

  /// Only the period's length can have been changed and accepted.
  base::Status KeepTime(const std::vector<Spec>& stored) {
    if (!former_length_ || *former_length_ == Length()) {
      return {};
    }
    const LengthChange change{configured_.settings.job, *former_length_, Length()};
    for (const Spec& spec : stored) {
      if (auto status = KeepTimeBetween(ledger_, change, spec, &warnings_); !status) {
        return status;
      }
    }
    return {};
  }

  /// Specs that are there under another name go on under the one of the file.
  base::Status Rename(std::vector<Spec>* stored) {
    const auto find = [stored](const std::string& name) {
      return std::find_if(stored->begin(), stored->end(),
                          [&name](const Spec& row) { return row.name == name; });
    };
    for (const metering::MetricSpec& spec : configured_.specs) {
      const auto old = spec.renamed_from.empty() ? stored->end() : find(spec.renamed_from);
      const bool is_known = find(spec.name) != stored->end();
      if (old == stored->end()) {
        if (!spec.renamed_from.empty() && !is_known) {
          warnings_.push_back("job \"" + configured_.settings.job + "\": \"" + spec.name +
                              "\" is renamed from \"" + spec.renamed_from +
                              "\", which the ledger does not know; it starts anew");
        }
        continue;
      }
      if (auto status = ledger_.RenameSpec(old->id, spec.name); !status) {
        return status;
      }
      old->name = spec.name;
    }
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

  void Remember(Spec row) { job_.specs.push_back(EntryOf(std::move(row), Length(), &warnings_)); }

  [[nodiscard]] base::Seconds Length() const { return configured_.settings.schedule.period; }

  ledger::Ledger& ledger_;
  const RegisterRequest& request_;
  std::int64_t config_id_;
  const ConfiguredJob& configured_;
  std::vector<std::string>& warnings_;
  CatalogueJob job_;
  std::optional<base::Instant> start_;
  std::optional<base::Seconds> former_length_;
  bool job_is_new_ = false;
};

using Specs = std::vector<Spec>;

Specs::const_iterator FindSpec(const Specs& stored, const std::string& name) {
  return std::find_if(stored.begin(), stored.end(),
                      [&name](const Spec& row) { return row.name == name; });
}

bool WasNamed(const Spec& row, const std::string& name) {
  return std::any_of(row.versions.begin(), row.versions.end(),
                     [&name](const SpecVersion& version) { return version.name == name; });
}

/// Ids of records hold the name under which they were committed: a spec that would take over
/// another one's usage, or a name that went on as another one, would give two records one id.
base::Status CheckNames(ledger::Ledger& ledger, std::int64_t job_id,
                        const metering::MetricSpecs& specs) {
  auto stored = ledger.Specs(job_id);
  if (!stored) {
    return tl::unexpected(stored.error());
  }
  for (const metering::MetricSpec& spec : specs) {
    const bool is_known = FindSpec(*stored, spec.name) != stored->end();
    const auto old =
        spec.renamed_from.empty() ? stored->end() : FindSpec(*stored, spec.renamed_from);
    if (is_known && old != stored->end()) {
      return base::Fail(base::ErrorCode::kConflict,
                        "\"" + spec.name + "\" cannot take over \"" + spec.renamed_from +
                            "\": the ledger has usage of both; remove renamed_from");
    }
    const auto other = std::find_if(stored->begin(), stored->end(), [&](const Spec& row) {
      return WasNamed(row, spec.name) && (old == stored->end() || row.id != old->id);
    });
    if (!is_known && other != stored->end()) {
      return base::Fail(base::ErrorCode::kConflict,
                        "\"" + spec.name + "\" was the name of \"" + other->name +
                            "\", whose records keep it; give the spec another alt_name");
    }
  }
  return {};
}

/// Refuses what changes an identity before anything is written for any job.
base::Status CheckIdentities(ledger::Ledger& ledger, const RegisterRequest& request) {
  for (const ConfiguredJob& configured : request.jobs) {
    const config::JobSettings& settings = configured.settings;
    auto known = ledger.FindJob(settings.job);
    if (!known) {
      return tl::unexpected(known.error());
    }
    if (!*known) {
      continue;
    }
    const ledger::Job job{0, settings.job, settings.schedule, settings.scope_key, {}, {}};
    const std::string change = ledger::IdentityChange(**known, job);
    if (!change.empty() && !request.accept_identity_change) {
      return base::Fail(base::ErrorCode::kConflict, "job \"" + settings.job + "\": " + change +
                                                        " (--accept-identity-change takes it)");
    }
    if (auto status = CheckNames(ledger, (*known)->id, configured.specs); !status) {
      return status;
    }
  }
  return {};
}

base::Status RegisterAll(ledger::Ledger& ledger, const RegisterRequest& request,
                         Catalogue* catalogue) {
  if (auto status = CheckIdentities(ledger, request); !status) {
    return status;
  }
  auto config_id = ledger.RecordConfig(ConfigText(request.jobs), request.now);
  if (!config_id) {
    return tl::unexpected(config_id.error());
  }
  for (const ConfiguredJob& configured : request.jobs) {
    auto job = Registration(ledger, request, *config_id, configured, &catalogue->warnings).Run();
    if (!job) {
      return base::Fail("job \"" + configured.settings.job + "\"", job.error());
    }
    catalogue->jobs.push_back(*std::move(job));
  }
  return LeaveJobs(ledger, request, catalogue);
}

}  // namespace

std::set<std::string> SourceNames(const config::Settings& settings) {
  std::set<std::string> names;
  for (const config::SourceSettings& source : settings.sources) {
    names.insert(source.name);
  }
  return names;
}

Result<Catalogue> Register(ledger::Ledger& ledger, const RegisterRequest& request) {
  Catalogue catalogue;
  const auto status = ledger.Atomically([&] { return RegisterAll(ledger, request, &catalogue); });
  if (!status) {
    return tl::unexpected(status.error());
  }
  return catalogue;
}

}  // namespace promtally::collector
