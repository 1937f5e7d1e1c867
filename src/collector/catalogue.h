// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "promtally/config/settings.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/scope_filter.h"

namespace promtally::collector {

/// A job as it is configured: its settings and the specs of its metrics file.
struct ConfiguredJob {
  config::JobSettings settings;
  metering::MetricSpecs specs;
  std::string metrics_text;  ///< the file as it was read, for the ledger
};

/// A model block of a spec, with what it makes as the ledger knows it: a spec for each output.
struct CataloguePrediction {
  metering::ModelBlock block;
  std::vector<std::pair<metering::OutputPart, ledger::Spec>> outputs;
};

/// A spec of a job, with every version of it that the ledger knows.
struct CatalogueSpec {
  ledger::Spec stored;
  /// By version id; read back from the ledger once.
  std::map<std::int64_t, std::shared_ptr<const metering::MetricSpec>> versions;
  /// Everything before it has a row; the planner looks from here on.
  base::Instant frontier;
  /// Scopes a query that worked after an answer was too large; 0: all scopes in one query.
  std::size_t batch = 0;
  std::vector<CataloguePrediction> predictions;

  [[nodiscard]] const ledger::SpecVersion& newest() const { return stored.versions.back(); }
};

struct CatalogueJob {
  std::int64_t id = 0;
  config::JobSettings settings;
  std::shared_ptr<const metering::ScopeFilter> filter;
  std::vector<CatalogueSpec> specs;  ///< in file order, then the retired ones
};

struct RegisterRequest {
  std::vector<ConfiguredJob> jobs;
  std::set<std::string> sources;  ///< names of all that are configured
  base::Instant now;
  bool accept_identity_change = false;
};

/// What is collected: jobs and specs as configuration and ledger agree on them.
struct Catalogue {
  /// In file order; then those that are no longer configured, with the settings that they had,
  /// where their source still is.
  std::vector<CatalogueJob> jobs;
  std::vector<std::string> warnings;
};

[[nodiscard]] std::set<std::string> SourceNames(const config::Settings& settings);

/// Makes the ledger know the configuration, in one transaction: new jobs, specs and versions are
/// added, specs and jobs that are gone are retired, and each spec's first period is fixed when it
/// is first seen. kConflict: a job's period or scope key changed and that was not accepted. Ledger
/// thread.
[[nodiscard]] base::Result<Catalogue> Register(ledger::Ledger& ledger,
                                               const RegisterRequest& request);

}  // namespace promtally::collector
