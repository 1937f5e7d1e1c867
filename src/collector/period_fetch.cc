// SPDX-License-Identifier: Apache-2.0
#include "collector/period_fetch.h"

#include <algorithm>
#include <deque>
#include <span>
#include <utility>

#include "collector/retries.h"
#include "collector/scope_discovery.h"

namespace promtally::collector {

namespace {

using metering::QueryMode;
using source::Disposition;
using source::QueryFailure;
using source::QueryOutcome;

/// Raw samples of one scope are split by time down to this.
constexpr base::Milliseconds kLeastRange{60'000};

/// In one period of 24 larger batches are tried again: what was too much may have been a bad hour
/// of the server, or fewer scopes may be left.
std::size_t BatchToTry(std::size_t worked, const metering::Period& period) {
  constexpr std::int64_t kEvery = 24;
  const std::int64_t number =
      period.begin.time_since_epoch().count() / (period.end - period.begin).count();
  if (worked == 0 || number % kEvery != kEvery - 1) {
    return worked;
  }
  return worked >= metering::kScopesPerQuery ? 0 : worked * 2;
}

std::string JoinAnnotations(const metering::Answer& answer) {
  std::string text;
  for (const auto* list : {&answer.warnings(), &answer.infos()}) {
    for (const std::string& line : *list) {
      text += text.empty() ? "" : "\n";
      text += line;
    }
  }
  return text;
}

/// The failure of what is too much for one answer where the scopes to ask for cannot be listed:
/// that may go better at the next try.
QueryFailure WithoutScopes(QueryFailure failure, const QueryFailure& list) {
  failure.disposition = Disposition::kOpen;
  failure.reason = "query_error";
  failure.detail += "; to ask in parts, the scopes could not be listed (" + list.reason +
                    (list.detail.empty() ? "" : ": " + list.detail) + ")";
  failure.retry_after = std::max(failure.retry_after, list.retry_after);
  return failure;
}

class PeriodFetch : public std::enable_shared_from_this<PeriodFetch> {
 public:
  PeriodFetch(std::shared_ptr<SourceGate> gate, FetchRequest request,
              std::function<void(FetchResult)> done)
      : gate_(std::move(gate)),
        request_(std::move(request)),
        retries_{gate_, request_.no_retries},
        done_(std::move(done)),
        mode_(metering::ChooseMode(*request_.spec, request_.scope_key).mode) {
    brings_in_others_ = mode_ == QueryMode::kAllScopes && metering::HasFreeText(*request_.spec);
    if (request_.scope_key && request_.per_scope) {
      mode_ = QueryMode::kPerScope;
    }
    result_.batch = BatchToTry(request_.batch, request_.period);
    whole_ = {request_.period.begin, request_.period.end};
    if (request_.raw) {
      whole_ = {request_.period.begin - request_.raw->back,
                request_.period.end + request_.raw->ahead};
    }
  }

  void Start() {
    if (!request_.scopes.empty() && mode_ != QueryMode::kUnscoped) {
      TakeScopes(std::move(request_.scopes));
    } else if (mode_ == QueryMode::kPerScope ||
               (mode_ == QueryMode::kAllScopes && result_.batch > 0)) {
      Discover();
    } else {
      parts_.push_back({0, 0, whole_});
    }
    SendParts();
    if (outstanding_ == 0) {
      Finish();
    }
  }

 private:
  /// Scopes that one query asks for, by their places in scopes_; none: all that there are.
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
    metering::Period range;  ///< of raw samples, else the period
    [[nodiscard]] std::size_t size() const { return end - begin; }
  };

  void Discover() {
    DiscoveryRequest discovery;
    discovery.spec = request_.spec;
    discovery.scope_key = *request_.scope_key;
    discovery.period = request_.period;
    discovery.filter = request_.filter;
    discovery.retries = retries_;
    discovery.on_room = request_.on_room;
    ++outstanding_;
    DiscoverScopes(std::move(discovery), [self = shared_from_this()](Discovery found) {
      self->OnDiscovered(std::move(found));
    });
  }

  void OnDiscovered(Discovery found) {
    --outstanding_;
    result_.attempts = std::max(result_.attempts, found.attempts);
    if (found.failure) {
      Give(too_much_ ? WithoutScopes(*too_much_, *found.failure) : *std::move(found.failure));
    } else if (found.scopes.empty()) {  // nobody used anything: the discovery is the evidence
      const metering::Discovery discovery =
          metering::DiscoveryOf(*request_.spec, *request_.scope_key, request_.period);
      AddAnswer(discovery.selectors.front(), {0, 0, request_.period}, {});
    } else {
      TakeScopes(std::move(found.scopes));
    }
    Continue();
  }

  void TakeScopes(std::vector<std::string> scopes) {
    scopes_ = std::move(scopes);
    const std::size_t most = mode_ == QueryMode::kPerScope ? 1
                             : result_.batch > 0           ? result_.batch
                                                           : metering::kScopesPerQuery;
    std::size_t begin = 0;
    for (const auto& batch :
         metering::BatchScopes(*request_.spec, *request_.scope_key, scopes_, most)) {
      parts_.push_back({begin, begin + batch.size(), whole_});
      begin += batch.size();
    }
  }

  /// As many queries at a time as the source takes: what one of them teaches (too large, failed for
  /// good) holds for those that were not sent. What waits for its next try counts, so that an
  /// overloaded server is not asked for the others meanwhile.
  void SendParts() {
    while (!parts_.empty() && outstanding_ < gate_->concurrency()) {
      const Part part = TakePart();
      Ask(part, 1);
    }
  }

  void Continue() {
    SendParts();
    if (outstanding_ > 0) {
      if (parts_.empty() && request_.on_room) {
        request_.on_room();
      }
    } else if (done_) {
      Finish();
    }
  }

  Part TakePart() {
    Part& next = parts_.front();
    Part part = next;
    if (mode_ == QueryMode::kAllScopes && result_.batch > 0 && part.size() > result_.batch) {
      part.end = part.begin + result_.batch;
      next.begin = part.end;
    } else {
      parts_.pop_front();
    }
    return part;
  }

  void Ask(const Part& part, int attempt) {
    if (failed_) {
      return;
    }
    if (auto refusal = gate_->Refusal(); refusal && !request_.no_retries) {
      Give(*std::move(refusal));
      return;
    }
    result_.attempts = std::max(result_.attempts, attempt);
    const auto scopes = std::span<const std::string>(scopes_).subspan(part.begin, part.size());
    std::string text = request_.raw
                           ? metering::BuildRawQuery(*request_.spec, request_.scope_key, scopes,
                                                     part.range.end - part.range.begin)
                           : metering::BuildQuery(*request_.spec, request_.scope_key, scopes,
                                                  Length(), request_.without_begin);
    ++outstanding_;
    auto answered = [self = shared_from_this(), part, text, attempt](QueryOutcome outcome) mutable {
      self->OnAnswer(part, std::move(text), attempt, std::move(outcome));
    };
    if (request_.raw) {
      gate_->QueryRaw(text, part.range.end, request_.spec->exact.histogram, attempt,
                      std::move(answered));
    } else {
      gate_->Query(text, part.range.end, attempt, std::move(answered));
    }
  }

  void OnAnswer(const Part& part, std::string text, int attempt, QueryOutcome outcome) {
    --outstanding_;
    if (!outcome.failure) {
      AddAnswer(std::move(text), part, std::move(outcome));
    } else if (!failed_) {
      OnFailure(part, attempt, *std::move(outcome.failure));
    }
    Continue();
  }

  void OnFailure(const Part& part, int attempt, QueryFailure failure) {
    const auto asked = AskedScope(part);
    if (retries_.May(failure, attempt)) {
      ++outstanding_;
      retries_.Later(failure, attempt, [self = shared_from_this(), part, attempt] {
        --self->outstanding_;
        self->Ask(part, attempt + 1);
        self->Continue();
      });
      if (request_.on_room) {
        request_.on_room();
      }
    } else if (failure.disposition == Disposition::kSplit) {
      Split(part, std::move(failure));
    } else if (failure.disposition == Disposition::kPermanent && asked &&
               failure.reason == "query_error") {
      RejectScope(*asked, std::move(failure));
    } else {
      Give(std::move(failure));
    }
  }

  /// Too much for one answer: all scopes become batches, a batch becomes two, one scope is as small
  /// as it gets. Batches that were not sent become smaller as well.
  void Split(const Part& part, QueryFailure failure) {
    if (mode_ == QueryMode::kAllScopes && part.size() == 0) {
      result_.batch = metering::kScopesPerQuery;
      too_much_ = std::move(failure);
      Discover();
    } else if (part.size() > 1) {
      const std::size_t half = part.size() / 2;
      result_.batch = result_.batch > 0 ? std::min(result_.batch, half) : half;
      parts_.push_front({part.begin + half, part.end, part.range});
      parts_.push_front({part.begin, part.begin + half, part.range});
    } else if (request_.raw && part.range.end - part.range.begin >= 2 * kLeastRange) {
      SplitByTime(part);
    } else {
      Give(Unsplittable(std::move(failure)));
    }
  }

  /// The raw samples of one scope are still too many for one answer: the same series, half the time
  /// each.
  void SplitByTime(const Part& part) {
    const base::Instant middle = std::chrono::ceil<base::Seconds>(
        part.range.begin + (part.range.end - part.range.begin) / 2);
    parts_.push_front({part.begin, part.end, {middle, part.range.end}});
    parts_.push_front({part.begin, part.end, {part.range.begin, middle}});
  }

  /// In per-scope mode a query error concerns its scope; when every scope has one, the spec itself
  /// is wrong.
  void RejectScope(const std::string& scope, QueryFailure failure) {
    metering::RejectedSeries rejected;
    rejected.labels = {{*request_.scope_key, scope}};
    rejected.value = failure.detail;
    rejected.reason = "query_error";
    result_.rejected.push_back(std::move(rejected));
    scope_failure_ = std::move(failure);
  }

  void AddAnswer(std::string text, const Part& part, QueryOutcome outcome) {
    if (failed_) {
      return;
    }
    const auto asked = AskedScope(part);
    FetchedQuery query;
    query.text = std::move(text);
    query.time = part.range.end;
    query.scope = asked;
    query.series = outcome.answer.size();
    query.bytes = outcome.bytes;
    query.wall = outcome.wall;
    query.annotations = JoinAnnotations(outcome.answer);
    // A read that was split by time has the same series in each part.
    series_ += part.range.end == whole_.end ? query.series : 0;
    result_.queries.push_back(std::move(query));
    metering::ScopedAnswer answer{std::move(outcome.answer), asked, {}, {}};
    if (brings_in_others_) {
      // The text keeps the label: whose series it is stands in the answer.
      answer.asked_scope.reset();
      const auto first = scopes_.begin() + static_cast<std::ptrdiff_t>(part.begin);
      answer.named_scopes.assign(first, first + static_cast<std::ptrdiff_t>(part.size()));
      std::sort(answer.named_scopes.begin(), answer.named_scopes.end());
    }
    result_.answers.push_back(std::move(answer));
    if (request_.raw) {
      result_.samples.push_back(std::move(outcome.samples));
    }
    if (series_ > request_.max_series) {
      parts_.clear();  // the period fails by what is there already (too_many_series)
    }
  }

  /// The whole period ends with this failure; what is still in flight is waited for and dropped,
  /// and what was answered is let go at once.
  void Give(QueryFailure failure) {
    if (!failed_) {
      failed_ = true;
      result_.failure = std::move(failure);
    }
    parts_.clear();
    result_.answers.clear();
    result_.samples.clear();
    result_.queries.clear();
  }

  void Finish() {
    if (!failed_ && result_.queries.empty() && scope_failure_) {
      result_.failure = std::move(scope_failure_);
      result_.rejected.clear();
    }
    if (!failed_ && !result_.failure && !confirmed_) {
      Confirm();
      return;
    }
    const auto done = std::exchange(done_, nullptr);
    done(std::move(result_));
  }

  /// What came looks whole: whether it is has to be asked of some servers.
  void Confirm() {
    confirmed_ = true;
    ++outstanding_;
    gate_->completeness().Confirm(request_.period,
                                  [self = shared_from_this()](const Completeness::Lack& lack) {
                                    --self->outstanding_;
                                    if (lack) {
                                      self->Give(*lack);
                                    }
                                    self->Continue();
                                  });
  }

  [[nodiscard]] std::optional<std::string> AskedScope(const Part& part) const {
    return mode_ == QueryMode::kPerScope && part.size() > 0 ? std::optional(scopes_[part.begin])
                                                            : std::nullopt;
  }

  [[nodiscard]] base::Seconds Length() const {
    return std::chrono::duration_cast<base::Seconds>(request_.period.end - request_.period.begin);
  }

  std::shared_ptr<SourceGate> gate_;
  FetchRequest request_;
  Retries retries_;
  std::function<void(FetchResult)> done_;
  QueryMode mode_;
  /// Prefix or suffix is proved to keep scopes apart, but may select series of other scopes.
  bool brings_in_others_ = false;
  metering::Period whole_;           // what is asked for of each scope
  std::vector<std::string> scopes_;  // all that are asked for by name
  std::deque<Part> parts_;           // not sent yet
  FetchResult result_;
  std::optional<QueryFailure> scope_failure_;
  std::optional<QueryFailure> too_much_;  // why all scopes at once did not do
  std::size_t series_ = 0;
  int outstanding_ = 0;  // in flight, or waiting for their next try
  bool failed_ = false;
  bool confirmed_ = false;
};

}  // namespace

void FetchSeries(const std::shared_ptr<SourceGate>& gate, FetchRequest request,
                 std::function<void(FetchResult)> done) {
  std::make_shared<PeriodFetch>(gate, std::move(request), std::move(done))->Start();
}

}  // namespace promtally::collector
