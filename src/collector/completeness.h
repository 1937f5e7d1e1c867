// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/seen_store.h"
#include "source/source.h"

namespace promtally::collector {

/// Finds what a server keeps quiet about in an answer that looks whole. Thanos says nothing of a
/// store that has been dead for some seconds: the list of stores is asked before and after the
/// queries, and what is missing in it, or does not answer, is a lack. Mimir leaves out samples
/// beyond its look-back: whether it would look at the period's begin is asked after them. Other
/// servers are not asked. Part of a SourceGate, which sends the questions; loop thread only.
class Completeness {
 public:
  using Lack = std::optional<source::QueryFailure>;
  using Done = std::function<void(const Lack&)>;
  struct Questions {
    std::function<void(std::function<void(source::StoreList)>)> list_stores;
    std::function<void(base::Instant, std::function<void(source::QueryOutcome)>)> evaluate;
  };

  explicit Completeness(Questions questions) : questions_(std::move(questions)) {}

  /// Forgets the findings of an earlier run and looks at the stores of a server of this kind.
  void Begin(const std::string& server_kind, std::function<void()> done);
  /// The label sets of the stores that are there and answer.
  [[nodiscard]] const std::set<std::string>& listed() const { return listed_; }
  /// Stores that the source had before: one that is not there any more is missing.
  void Remember(const std::vector<ledger::SeenStore>& stores);
  /// What is known to be missing in this run: nothing need be asked.
  [[nodiscard]] const Lack& lack() const { return lack_; }
  /// Whether answers for this period that have come are whole. `done` comes at once where the
  /// server needs no question. One question answers all who asked before it was sent.
  void Confirm(metering::Period period, Done done);
  /// Drops, uncalled, who waits for an answer.
  void Abandon();

 private:
  void AskStores();
  void OnStores(const source::StoreList& list);
  void Judge();
  void ConfirmLookback(metering::Period period, Done done);

  Questions questions_;
  std::string kind_;
  std::map<std::string, base::Instant> remembered_;  // label set: last seen
  std::set<std::string> listed_;
  Lack lack_;
  bool asking_ = false;
  std::vector<Done> next_;  // wait for the next list of stores
  /// Mimir looked as far back as this begin, at that time.
  std::optional<base::Instant> looked_back_to_;
  std::chrono::steady_clock::time_point looked_back_at_;
};

}  // namespace promtally::collector
