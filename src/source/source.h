// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "promtally/base/time.h"
#include "promtally/metering/answer.h"
#include "promtally/metering/exact_options.h"
#include "promtally/metering/period.h"
#include "promtally/metering/raw_samples.h"

namespace promtally::source {

/// What a failed query means for its period (design.md, table of answers).
enum class Disposition {
  kRetry,  ///< try again in this run, then open
  kOpen,   ///< open at once, next try later
  kSplit,  ///< too much for one answer: ask smaller; open (or failed, `too_large`) where that is
           ///< impossible
  kPermanent,  ///< failed
};

/// A query without a usable answer. `reason` is one of surface.md's (`unreachable`, `timeout`,
/// `http_status`, …).
struct QueryFailure {
  Disposition disposition = Disposition::kRetry;
  std::string reason;
  std::string detail;  ///< one line for people: status, the server's text (cut, no controls)
  std::optional<base::Milliseconds> retry_after;  ///< the server's wish, at most one hour
  bool connection = false;  ///< a connection error or time-out: counts towards giving the source up
  bool over_byte_limit = false;  ///< of kSplit: what cannot be split further is `too_large`
};

struct QueryOutcome {
  metering::Answer answer;       ///< meaningful without failure
  metering::RawSamples samples;  ///< of QueryRaw, series by series as in `answer`
  std::optional<QueryFailure> failure;
  std::uint64_t bytes = 0;  ///< decoded body
  std::chrono::microseconds wall{0};
  std::optional<base::Instant> server_date;  ///< of the `Date` header
};

/// Which server answers and how its windows end.
struct ServerIdentity {
  std::string kind = "unknown";  ///< prometheus | thanos | mimir | victoriametrics | unknown
  std::string version;
  std::optional<bool> closed_edges;  ///< true: both window ends are closed (Prometheus 2); nullopt:
                                     ///< could not be had
  std::optional<base::Instant> server_date;
  std::optional<base::Milliseconds> retention;  ///< by age, where the server says it
  bool reachable = true;                        ///< false: not even a connection
};

/// One of the servers that a Thanos query joins, as `/api/v1/stores` lists it.
struct Store {
  std::string name;                     ///< its address
  bool answers = true;                  ///< false: its last check failed
  std::string last_error;               ///< why
  std::vector<std::string> label_sets;  ///< `{store="b"}`: what it adds to its series
};

struct StoreList {
  std::vector<Store> stores;
  std::optional<QueryFailure> failure;
};

/// Where series come from. Calls return at once; each callback comes exactly once, on the source's
/// own thread (callers post it to their loop) and must not block. Destruction cancels what is in
/// flight.
class Source {
 public:
  virtual ~Source() = default;

  /// An instant query.
  virtual void Query(std::string text, base::Instant time,
                     std::function<void(QueryOutcome)> done) = 0;

  /// An instant query of a range selector (`metric{…}[4200s]`): the samples up to `time` as they
  /// were scraped. More of them than the source takes in one answer is a failure, kSplit.
  virtual void QueryRaw(std::string text, base::Instant time,
                        std::optional<metering::HistogramPart> histogram,
                        std::function<void(QueryOutcome)> done) = 0;

  /// Kind, version, edge rule; never fails (`unknown`). Later queries use what it found (partial
  /// answers refused, caches passed by).
  virtual void Identify(std::function<void(ServerIdentity)> done) = 0;

  /// Values of `label` among the series that match any of the selectors in the time span, sorted,
  /// without the empty one.
  struct LabelValues {
    std::vector<std::string> values;
    std::optional<QueryFailure> failure;
  };
  virtual void ListLabelValues(std::string label, std::vector<std::string> selectors,
                               metering::Period span, std::function<void(LabelValues)> done) = 0;

  /// Whether the server has any series at or before `time`; nullopt when it does not say. False
  /// only when it has newer ones: then `time` lies before its oldest data.
  virtual void HasDataUpTo(base::Instant time, std::function<void(std::optional<bool>)> done) = 0;

  /// The servers that a `thanos` joins; a source that joins none has none.
  virtual void ListStores(std::function<void(StoreList)> done) { done({}); }
};

}  // namespace promtally::source
