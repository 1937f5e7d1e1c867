// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "collector/completeness.h"
#include "source/source.h"

namespace promtally::collector {

/// What one query cost, for self metrics and the dry run.
struct QueryStats {
  std::string source;
  std::chrono::microseconds wall{0};
  std::uint64_t bytes = 0;
  std::string outcome;  ///< `success`, or the reason of the failure
  bool retry = false;   ///< a try after the first
};

/// A source as the event loop uses it: at most `concurrency` requests in flight, the rest waits in
/// order; every callback comes on the loop. Counts connection errors in a row: after three the
/// source is given up until NewRun(). Loop thread only; held by shared_ptr (callbacks of a
/// destroyed gate are dropped). Callbacks may own the gate: they stay with it, never with the
/// source's thread, and whoever stops before all were called ends with Close().
class SourceGate : public std::enable_shared_from_this<SourceGate> {
 public:
  using QueryDone = std::function<void(source::QueryOutcome)>;
  using ValuesDone = std::function<void(source::Source::LabelValues)>;

  using Steady = std::chrono::steady_clock;

  SourceGate(boost::asio::io_context& loop, std::string name,
             std::unique_ptr<source::Source> source, int concurrency,
             std::function<Steady::time_point()> steady = Steady::now);

  /// `attempt` counts the tries of one query, from 1.
  void Query(std::string text, base::Instant time, int attempt, QueryDone done);
  void QueryRaw(std::string text, base::Instant time,
                std::optional<metering::HistogramPart> histogram, int attempt, QueryDone done);
  void ListLabelValues(std::string label, std::vector<std::string> selectors, metering::Period span,
                       ValuesDone done);
  void HasDataUpTo(base::Instant time, std::function<void(std::optional<bool>)> done);
  /// Kind, version and edge rule, asked at most once an hour; `unknown` when they cannot be had.
  /// Then what a run must know before it asks: the stores behind a Thanos.
  void Identify(std::function<void(const source::ServerIdentity&)> done);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int concurrency() const { return concurrency_; }
  [[nodiscard]] bool given_up() const { return connection_errors_ >= kGiveUpAfter; }
  /// Why nothing more need be asked in this run: the source was given up, or a part of its data is
  /// known to be missing.
  [[nodiscard]] std::optional<source::QueryFailure> Refusal() const;
  [[nodiscard]] Completeness& completeness() { return completeness_; }
  /// True when a request that comes now would be sent at once.
  [[nodiscard]] bool HasRoom() const {
    return in_flight_ + static_cast<int>(waiting_.size()) < concurrency_;
  }
  /// True when any request of this run got a response.
  [[nodiscard]] bool reached() const { return reached_; }
  void NewRun();
  /// Calls `then` after `delay`, unless Abandon() comes before.
  void After(base::Milliseconds delay, std::function<void()> then);
  /// Drops what waits, is in flight or was to be called later, uncalled. What is in flight goes on
  /// to take its place.
  void Abandon();
  /// The same, and ends the source. Nothing may be asked any more.
  void Close();
  /// How far the server's clock is behind a local one that says `local`; 0 where it is ahead or
  /// unknown. The server's goes on since its last `Date` as a clock does that nobody sets.
  [[nodiscard]] base::Milliseconds ClockBehind(base::Instant local) const;

  std::function<void(const QueryStats&)> on_query;  ///< observer, may be empty

 private:
  static constexpr int kGiveUpAfter = 3;

  enum class Place { kTaken, kNone };  // of the `concurrency` ones
  /// Keeps `done` and gives what the source calls in its place, on any thread.
  template <typename Value>
  std::function<void(Value)> OnLoop(Place place, std::function<void(Value&)> done);
  void Take(std::uint64_t id, void* value);
  [[nodiscard]] Completeness::Questions Questions();
  [[nodiscard]] std::function<void(source::QueryOutcome)> Answering(int attempt, QueryDone done);
  void TakeServerDate(const source::QueryOutcome& outcome);
  void Enqueue(std::function<void()> send);
  void Pump();
  void CountAnswer(bool connection_error);
  void Observe(const source::QueryOutcome& outcome, bool retry) const;

  boost::asio::io_context& loop_;
  std::string name_;
  std::unique_ptr<source::Source> source_;
  int concurrency_;
  int in_flight_ = 0;
  int connection_errors_ = 0;
  bool reached_ = false;
  std::deque<std::function<void()>> waiting_;
  std::unordered_map<std::uint64_t, std::function<void(void* value)>> pending_;
  std::uint64_t last_id_ = 0;
  Completeness completeness_;
  std::optional<source::ServerIdentity> identity_;
  Steady::time_point identified_at_;
  std::function<Steady::time_point()> steady_;
  std::optional<base::Instant> server_date_;  ///< the newest that is known, and when it came
  Steady::time_point server_date_at_;
};

}  // namespace promtally::collector
