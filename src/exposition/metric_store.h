// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "exposition/change_checker.h"
#include "exposition/metric_family.h"
#include "exposition/metric_journal.h"
#include "exposition/piece_reader.h"

namespace promtally::exposition {

struct JournalRecord;
class MetricReader;

struct MetricView {
  MetricDefinition definition;
  base::Instant created;
  std::size_t series = 0;
};

struct MetricPage {
  std::vector<MetricView> metrics;  ///< by name
  std::optional<std::string> next;  ///< `after` of the next page; nullopt: that was all
};

struct SeriesView {
  base::LabelSet labels;
  double value = 0;                                       ///< of a histogram or summary the sum
  base::LabelSet info;                                    ///< info
  std::string state;                                      ///< stateset
  std::uint64_t count = 0;                                ///< histogram, summary
  std::vector<std::pair<double, std::uint64_t>> buckets;  ///< histogram: bound, cumulative count
  std::vector<std::pair<double, double>> quantiles;       ///< summary: NaN where nothing is known
  std::optional<base::Instant> created;                   ///< counter, histogram, summary
};

struct SeriesPage {
  std::vector<SeriesView> series;
  std::optional<std::string> next;
};

/// Metrics that are made and changed over HTTP, and their part of the page.
///
/// Model: a metric without labels has its series at once, at 0 (a stateset in its first state; an
/// info once it is set), others after their first sample. Counters go up by finite amounts and may
/// end at infinity. A time to live counts per series from its last change.
///
/// With a journal a change is in the file before the call returns (it survives kill -9); Sync makes
/// it survive a power cut. After a restart everything goes on, `_created` too; exemplars are gone,
/// and the windows of summaries may begin anew.
///
/// Errors, wherever a Result is returned: kInvalidArgument for what can never be taken (400),
/// kNotFound (404), kConflict (409), kRejected above a limit on series (429), kUnavailable when the
/// journal cannot be written (503). After any of them nothing was changed.
///
/// Threads: loop thread only, but for Sync.
class MetricStore {
 public:
  struct Options {
    StoreLimits limits;
    /// Whether a family or sample name is somebody else's (usage); promtally's own are known here.
    std::function<bool(std::string_view)> is_taken;
  };

  explicit MetricStore(Options options);
  ~MetricStore();
  MetricStore(const MetricStore&) = delete;
  MetricStore& operator=(const MetricStore&) = delete;

  /// Reads a journal into the empty store, and writes to it from now on. The text is a warning, or
  /// empty: what was cut off. Errors as MetricJournal::Open.
  [[nodiscard]] base::Result<std::string> OpenJournal(const std::string& path);

  /// True: made; false: it was there with this very definition. With `first` these samples are
  /// applied as well, and where one of them is refused no metric is made.
  [[nodiscard]] base::Result<bool> Create(const MetricDefinition& definition, base::Instant now,
                                          std::span<const SampleChange> first = {});
  /// All or none; how many. A name may be that of a sample, as ResolveFamily takes it.
  [[nodiscard]] base::Result<std::size_t> Apply(std::string_view name,
                                                std::span<const SampleChange> changes,
                                                base::Instant now);
  /// The same in two steps: what takes longest, the checks, may then be done on another thread.
  /// nullopt: no such metric.
  [[nodiscard]] std::optional<ChangeChecker> CheckerOf(std::string_view name) const;
  /// kNotFound as well where the metric has another definition by now.
  [[nodiscard]] base::Result<std::size_t> Apply(const ChangeChecker& checker,
                                                std::span<const CheckedChange> changes,
                                                base::Instant now);
  [[nodiscard]] base::Status Remove(std::string_view name);
  [[nodiscard]] base::Status RemoveSeries(std::string_view name, const base::LabelSet& labels);
  /// Removes series whose time to live is over; how many. Cheap where nothing is due.
  std::size_t Expire(base::Instant now);

  /// The family that a name belongs to: `c`, `c_total` and `c_created` are c's. Empty: none.
  [[nodiscard]] std::string ResolveFamily(std::string_view name) const;
  /// Of the metric that ResolveFamily finds, or nullptr; valid until the next Create or Remove.
  [[nodiscard]] const MetricDefinition* DefinitionOf(std::string_view name) const;
  [[nodiscard]] std::optional<MetricView> Find(std::string_view name) const;
  [[nodiscard]] MetricPage List(std::string_view prefix, std::optional<MetricType> type,
                                std::string_view after, std::size_t limit) const;
  /// Series in the order in which they came; `after`: empty, or `next` of the page before.
  /// kInvalidArgument: `after` is none.
  [[nodiscard]] base::Result<SeriesPage> Series(std::string_view name, std::string_view after,
                                                std::size_t limit, base::Instant now) const;

  /// The page as it is written piece by piece while the store goes on changing: a series is shown
  /// whole or not at all and never twice; what is added meanwhile is not shown, what is removed no
  /// more. Families come by name. `# EOF` is the page's end and not written here. The store must
  /// outlive the reader. Metrics that have a name in `taken` by now (families of usage, which came
  /// later) are left out.
  [[nodiscard]] std::unique_ptr<PieceReader> Read(const PageStyle& style, const NameFilter& filter,
                                                  base::Instant now,
                                                  const std::vector<std::string>& taken = {});

  /// Makes durable what was changed before the call. Any thread, once the journal is open and until
  /// the store goes; it takes as long as the disk does.
  [[nodiscard]] base::Status Sync();

  enum class CopyState { kIdle, kWriting, kWaitingForSync, kFailed };
  /// A bounded step (about `series` of them) of writing the journal anew, where it has grown to
  /// several times what is live or cannot be written any more. Call it often; the end needs a Sync.
  /// kFailed: the copy could not be written and was given up; the journal is what it was.
  CopyState CompactStep(std::size_t series = 10000);
  /// The whole of it at once, on this thread; also where the journal is still short.
  [[nodiscard]] base::Status CompactNow();

  [[nodiscard]] std::size_t series() const { return series_; }
  [[nodiscard]] std::size_t metrics() const { return families_.size(); }
  [[nodiscard]] std::uint64_t journal_bytes() const;
  /// What the store keeps in memory, about.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;
  struct Copy;
  friend class MetricReader;
  using Families = std::map<std::string, EntryPtr, std::less<>>;

  [[nodiscard]] base::Status CheckFree(const MetricDefinition& definition,
                                       std::string_view alias) const;
  [[nodiscard]] base::Status CheckStrangers(const std::vector<std::string>& names) const;
  [[nodiscard]] EntryPtr EntryOf(std::string_view name) const;
  void Register(const EntryPtr& entry);
  void AddIdsOf(std::string_view name, std::unordered_set<std::uint64_t>& ids) const;
  void AddIdsInDots(const NameFilter& filter, const PageStyle& style,
                    std::unordered_set<std::uint64_t>& ids) const;
  void FindStrangers();
  [[nodiscard]] base::Result<std::vector<CheckedChange>> CheckAll(
      const Entry& entry, std::span<const SampleChange> changes) const;
  void AddInitialSeries(Entry& entry, base::Instant now);
  void Forget(const EntryPtr& held);
  [[nodiscard]] base::Status CheckRoom(const Entry& entry,
                                       std::span<const CheckedChange> changes) const;
  [[nodiscard]] base::Result<std::size_t> WriteAndApply(Entry& entry,
                                                        std::span<const CheckedChange> changes,
                                                        base::Instant now);
  void ApplyTo(Entry& entry, std::span<const CheckedChange> changes, base::Instant now);
  std::size_t ExpireAll(base::Instant now);
  [[nodiscard]] base::Status Write(std::string frame, const Entry* entry);
  [[nodiscard]] base::Status Replay(std::string_view record);
  [[nodiscard]] base::Status ReplayInto(const EntryPtr& entry, const JournalRecord& record);
  [[nodiscard]] bool NeedsCopy() const;
  [[nodiscard]] base::Status BeginCopy();
  [[nodiscard]] base::Status CopySome(std::size_t series);
  CopyState GiveCopyUp();
  [[nodiscard]] std::uint64_t LiveBytes() const;

  const Options options_;
  const std::shared_ptr<TextArena> texts_;
  Families families_;
  std::unordered_map<std::uint64_t, EntryPtr> by_id_;
  std::unordered_map<std::string, Entry*> names_;  // families, samples, aliases
  std::unordered_map<std::string, Entry*> keys_;   // EscapedKeys
  std::unordered_set<std::uint64_t> strangers_;    // metrics with a name that is promtally's by now
  std::size_t series_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint32_t epoch_ = 1;  // readers that were opened
  std::unique_ptr<MetricJournal> journal_;
  std::unique_ptr<Copy> copy_;
  std::uint64_t no_copy_below_ = 0;  // after a copy that failed: not before the journal is as long
};

}  // namespace promtally::exposition
