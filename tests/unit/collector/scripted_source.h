// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "source/source.h"

namespace promtally::collector {

/// A query as a source saw it.
struct AskedQuery {
  std::string text;
  base::Instant time;
};

/// A search for scopes as a source saw it.
struct AskedDiscovery {
  std::vector<std::string> selectors;
  metering::Period span;
};

/// What a ScriptedSource says. Shared by the test and the source; set it up before the first query.
/// The functions run on the source's thread.
class SourceScript {
 public:
  std::function<source::QueryOutcome(const AskedQuery&)> query;
  std::function<source::Source::LabelValues(metering::Period)> values;
  /// In the place of `values`, where it is set; gets the selector.
  std::function<source::Source::LabelValues(const std::string&)> values_of;
  std::function<std::optional<bool>(base::Instant)> has_data;
  std::function<source::StoreList()> stores;
  source::ServerIdentity identity;
  /// Answers are kept back until this many are, then all of them come, the last one first, and
  /// later ones at once. 0: none is kept back; more than are ever asked: they never come.
  std::size_t keep_back = 0;
  bool keep_identity_back = false;
  std::function<void()> on_asked;  ///< a query was asked; on the thread that asks
  std::function<void()> on_identify = [] {};

  SourceScript();
  void Note(AskedQuery query);
  /// Queries for usage, in the order in which they were asked; those for `up` are left out.
  [[nodiscard]] std::vector<AskedQuery> asked() const;
  [[nodiscard]] std::size_t asked_for_up() const;
  void NoteDiscovery(AskedDiscovery discovery);
  [[nodiscard]] std::vector<AskedDiscovery> discoveries() const;

 private:
  mutable std::mutex mutex_;
  std::vector<AskedQuery> asked_;
  std::vector<AskedDiscovery> discoveries_;
};

/// A source that answers from a script, on a thread of its own.
class ScriptedSource : public source::Source {
 public:
  explicit ScriptedSource(std::shared_ptr<SourceScript> script);
  ~ScriptedSource() override;
  ScriptedSource(const ScriptedSource&) = delete;
  ScriptedSource& operator=(const ScriptedSource&) = delete;

  void Query(std::string text, base::Instant time,
             std::function<void(source::QueryOutcome)> done) override;
  /// As a query, with `samples` in what the script says.
  void QueryRaw(std::string text, base::Instant time,
                std::optional<metering::HistogramPart> histogram,
                std::function<void(source::QueryOutcome)> done) override;
  void Identify(std::function<void(source::ServerIdentity)> done) override;
  void ListLabelValues(std::string label, std::vector<std::string> selectors, metering::Period span,
                       std::function<void(LabelValues)> done) override;
  /// Answers what was kept back, and later queries at once.
  void Release();
  void HasDataUpTo(base::Instant time, std::function<void(std::optional<bool>)> done) override;
  void ListStores(std::function<void(source::StoreList)> done) override;

 private:
  /// What is called with an answer, or at the end without one.
  using Step = std::function<void(bool cancelled)>;
  void Post(Step step);
  void KeepBack(Step step);
  void Run();

  std::shared_ptr<SourceScript> script_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Step> steps_;
  std::vector<Step> kept_back_;
  bool released_ = false;
  bool ending_ = false;
  std::thread thread_;
};

/// Labels and value of the series of an answer.
using Series = std::pair<std::vector<std::pair<std::string, std::string>>, std::string>;
[[nodiscard]] metering::Answer MakeAnswer(const std::vector<Series>& series);
[[nodiscard]] source::QueryOutcome Answered(const std::vector<Series>& series);
[[nodiscard]] source::QueryOutcome Failing(source::Disposition disposition, std::string reason);
[[nodiscard]] source::QueryOutcome Unreachable();

}  // namespace promtally::collector
