// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "collector/catalogue.h"
#include "collector/event_log.h"
#include "collector/ledger_thread.h"
#include "collector/spec_watch.h"
#include "exposition/self_metrics.h"
#include "exposition/usage_page.h"
#include "ledger/reader.h"

namespace promtally::collector {

/// Keeps the usage page and the self metrics of periods in step with the ledger. Marking is cheap
/// and happens on the loop; reading and rendering happen on the ledger thread.
class Exporter {
 public:
  struct Targets {
    exposition::UsagePage* page = nullptr;
    exposition::SelfMetrics* metrics = nullptr;
    const EventLog* log = nullptr;
  };

  /// Why specs (job, name) are not exported, as it was said last.
  using Refusals = std::map<std::pair<std::string, std::string>, std::string>;

  Exporter(LedgerThread* ledger, std::shared_ptr<const Catalogue> catalogue,
           std::shared_ptr<ledger::Reader> reader, Targets targets, std::size_t max_series);

  /// Exports another catalogue from now on; marks are gone.
  void Replace(std::shared_ptr<const Catalogue> catalogue, std::size_t max_series);
  /// Everything is read anew.
  void MarkAll();
  /// A period of this spec was answered.
  void Mark(std::int64_t spec_id) { changed_.insert(spec_id); }
  [[nodiscard]] bool has_marks() const { return !changed_.empty(); }
  /// Reads and renders what was marked; `done` is called on the ledger thread.
  void Refresh(base::Instant now, std::function<void()> done = {});

 private:
  LedgerThread* ledger_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::shared_ptr<ledger::Reader> reader_;
  Targets targets_;
  std::size_t max_series_;
  std::shared_ptr<SpecWatcher> watcher_;  ///< used on the ledger thread
  std::shared_ptr<Refusals> refusals_;    ///< likewise
  std::set<std::int64_t> changed_;
};

/// How a spec's usage is exported.
[[nodiscard]] exposition::ExportDefinition ExportDefinitionOf(const CatalogueJob& job,
                                                              const CatalogueSpec& spec);
/// How an output of one of the spec's models is exported.
[[nodiscard]] exposition::ExportDefinition ExportDefinitionOf(const CatalogueJob& job,
                                                              const CatalogueSpec& measured,
                                                              const metering::ModelBlock& block,
                                                              const ledger::Spec& output);

}  // namespace promtally::collector
