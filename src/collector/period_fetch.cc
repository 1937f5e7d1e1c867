// SPDX-License-Identifier: Apache-2.0
#include "collector/period_fetch.h"

#include <algorithm>
#include <random>
#include <utility>

namespace promtally::collector {

namespace {

using base::Milliseconds;
using metering::QueryMode;
using source::Disposition;
using source::QueryFailure;
using source::QueryOutcome;

constexpr int kTries = 3;
/// A longer wish of the server ends this run's tries: the period stays open until then.
constexpr Milliseconds kLongestWait{5000};

Milliseconds FullJitter(Milliseconds delay) {
  thread_local std::mt19937_64 random(std::random_device{}());
  return Milliseconds(std::uniform_int_distribution<std::int64_t>(0, delay.count())(random));
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

class PeriodFetch : public std::enable_shared_from_this<PeriodFetch> {
 public:
  PeriodFetch(std::shared_ptr<SourceGate> gate, FetchRequest request,
              std::function<void(FetchResult)> done)
      : gate_(std::move(gate)),
        request_(std::move(request)),
        done_(std::move(done)),
        mode_(metering::ChooseMode(*request_.spec, request_.scope_key).mode) {
    brings_in_others_ = mode_ == QueryMode::kAllScopes && metering::HasFreeText(*request_.spec);
    if (request_.scope_key && request_.per_scope) {
      mode_ = QueryMode::kPerScope;
    }
    result_.batch = request_.batch;
  }

  void Start() {
    if (!request_.scopes.empty() && mode_ != QueryMode::kUnscoped) {
      AskScopes(request_.scopes);
    } else if (mode_ == QueryMode::kPerScope ||
               (mode_ == QueryMode::kAllScopes && request_.batch > 0)) {
      Discover(1);
    } else {
      Ask({{}, std::nullopt}, 1);
    }
  }

 private:
  /// Scopes that one query asks for; none: all of them. `asked`: the one scope of per-scope mode.
  struct Part {
    std::vector<std::string> scopes;
    std::optional<std::string> asked;
  };

  void Discover(int attempt) {
    result_.attempts = std::max(result_.attempts, attempt);
    ++outstanding_;
    metering::Discovery discovery =
        metering::DiscoveryOf(*request_.spec, *request_.scope_key, request_.period);
    gate_->ListLabelValues(
        *request_.scope_key, std::move(discovery.selectors), discovery.window,
        [self = shared_from_this(), attempt](source::Source::LabelValues values) {
          self->OnDiscovered(std::move(values), attempt);
        });
  }

  void OnDiscovered(source::Source::LabelValues values, int attempt) {
    --outstanding_;
    if (values.failure) {
      if (MayRetry(*values.failure, attempt)) {
        Later(*values.failure, attempt,
              [self = shared_from_this(), attempt] { self->Discover(attempt + 1); });
        return;
      }
      Give(Unsplittable(std::move(*values.failure)));
      return;
    }
    std::vector<std::string> scopes;
    for (std::string& value : values.values) {
      if (request_.filter == nullptr || request_.filter->Admits(value)) {
        scopes.push_back(std::move(value));
      }
    }
    if (scopes.empty()) {  // nobody used anything: the discovery itself is the evidence
      const metering::Discovery discovery =
          metering::DiscoveryOf(*request_.spec, *request_.scope_key, request_.period);
      AddAnswer(discovery.selectors.front(), {}, {});
    }
    AskScopes(scopes);
  }

  void AskScopes(const std::vector<std::string>& scopes) {
    if (mode_ == QueryMode::kPerScope) {
      for (const std::string& scope : scopes) {
        Ask({{scope}, scope}, 1);
      }
    } else {
      const std::size_t most = request_.batch > 0 ? request_.batch : metering::kScopesPerQuery;
      for (const auto& batch :
           metering::BatchScopes(*request_.spec, *request_.scope_key, scopes, most)) {
        Ask({{batch.begin(), batch.end()}, std::nullopt}, 1);
      }
    }
    Continue();
  }

  void Ask(Part part, int attempt) {
    if (failed_) {
      return;
    }
    if (auto refusal = gate_->Refusal(); refusal && !request_.no_retries) {
      Give(*std::move(refusal));
      return;
    }
    result_.attempts = std::max(result_.attempts, attempt);
    std::string text =
        metering::BuildQuery(*request_.spec, request_.scope_key, part.scopes, Length());
    ++outstanding_;
    gate_->Query(
        text, request_.period.end, attempt,
        [self = shared_from_this(), part = std::move(part), text, attempt](QueryOutcome outcome) {
          self->OnAnswer(part, text, attempt, std::move(outcome));
        });
  }

  void OnAnswer(const Part& part, const std::string& text, int attempt, QueryOutcome outcome) {
    --outstanding_;
    if (!outcome.failure) {
      AddAnswer(text, part, std::move(outcome));
      Continue();
      return;
    }
    QueryFailure& failure = *outcome.failure;
    if (failed_) {
      Continue();
    } else if (MayRetry(failure, attempt)) {
      Later(failure, attempt, [self = shared_from_this(), part, attempt] {
        self->Ask(part, attempt + 1);
        self->Continue();
      });
    } else if (failure.disposition == Disposition::kSplit) {
      Split(part, std::move(failure));
    } else if (failure.disposition == Disposition::kPermanent && part.asked &&
               failure.reason == "query_error") {
      RejectScope(*part.asked, std::move(failure));
      Continue();
    } else {
      Give(std::move(failure));
    }
  }

  [[nodiscard]] bool MayRetry(const QueryFailure& failure, int attempt) const {
    return failure.disposition == Disposition::kRetry && attempt < kTries && !failed_ &&
           !request_.no_retries && !(failure.connection && gate_->given_up()) &&
           failure.retry_after.value_or(Milliseconds(0)) <= kLongestWait;
  }

  void Later(const QueryFailure& failure, int attempt, std::function<void()> then) {
    ++outstanding_;
    const Milliseconds backoff = FullJitter(metering::RetryDelay(attempt, Milliseconds(60'000)));
    gate_->After(std::max(backoff, failure.retry_after.value_or(Milliseconds(0))),
                 [self = shared_from_this(), then = std::move(then)] {
                   --self->outstanding_;
                   then();
                 });
    if (request_.on_wait) {
      request_.on_wait();
    }
  }

  /// Too much for one answer: all scopes become batches, a batch becomes two, one scope is as small
  /// as it gets.
  void Split(const Part& part, QueryFailure failure) {
    if (mode_ == QueryMode::kAllScopes && part.scopes.empty()) {
      request_.batch = result_.batch = metering::kScopesPerQuery;
      Discover(1);
      return;
    }
    if (part.scopes.size() > 1) {
      const auto half = static_cast<std::ptrdiff_t>(part.scopes.size() / 2);
      const std::size_t batch = result_.batch > 0 ? result_.batch : metering::kScopesPerQuery;
      result_.batch = std::max<std::size_t>(1, std::min(batch, part.scopes.size() / 2));
      Ask({{part.scopes.begin(), part.scopes.begin() + half}, std::nullopt}, 1);
      Ask({{part.scopes.begin() + half, part.scopes.end()}, std::nullopt}, 1);
      Continue();
      return;
    }
    Give(Unsplittable(std::move(failure)));
  }

  /// What is too much and cannot be asked in smaller parts.
  static QueryFailure Unsplittable(QueryFailure failure) {
    if (failure.disposition == Disposition::kSplit) {
      failure.disposition = failure.over_byte_limit ? Disposition::kPermanent : Disposition::kOpen;
      failure.reason = failure.over_byte_limit ? "too_large" : failure.reason;
    }
    return failure;
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
    FetchedQuery query;
    query.text = std::move(text);
    query.scope = part.asked;
    query.series = outcome.answer.size();
    query.bytes = outcome.bytes;
    query.wall = outcome.wall;
    query.annotations = JoinAnnotations(outcome.answer);
    result_.queries.push_back(std::move(query));
    metering::ScopedAnswer answer{std::move(outcome.answer), part.asked, {}};
    if (brings_in_others_) {
      // The text keeps the label: whose series it is stands in the answer.
      answer.asked_scope.reset();
      answer.named_scopes = part.scopes;
      std::sort(answer.named_scopes.begin(), answer.named_scopes.end());
    }
    result_.answers.push_back(std::move(answer));
  }

  /// The whole period ends with this failure; what is still in flight is waited for and dropped.
  void Give(QueryFailure failure) {
    if (!failed_) {
      failed_ = true;
      result_.failure = std::move(failure);
    }
    Continue();
  }

  void Continue() {
    if (outstanding_ > 0 || !done_) {
      return;
    }
    if (!failed_ && result_.queries.empty() && scope_failure_) {
      result_.failure = std::move(scope_failure_);
      result_.rejected.clear();
    }
    if (!failed_ && !result_.failure && !confirmed_) {
      Confirm();
      return;
    }
    if (failed_) {
      result_.answers.clear();
      result_.queries.clear();
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
                                    } else {
                                      self->Continue();
                                    }
                                  });
  }

  [[nodiscard]] base::Seconds Length() const {
    return std::chrono::duration_cast<base::Seconds>(request_.period.end - request_.period.begin);
  }

  std::shared_ptr<SourceGate> gate_;
  FetchRequest request_;
  std::function<void(FetchResult)> done_;
  QueryMode mode_;
  /// Prefix or suffix is proved to keep scopes apart, but may select series of other scopes.
  bool brings_in_others_ = false;
  FetchResult result_;
  std::optional<QueryFailure> scope_failure_;
  int outstanding_ = 0;
  bool failed_ = false;
  bool confirmed_ = false;
};

}  // namespace

void Fetch(const std::shared_ptr<SourceGate>& gate, FetchRequest request,
           std::function<void(FetchResult)> done) {
  std::make_shared<PeriodFetch>(gate, std::move(request), std::move(done))->Start();
}

}  // namespace promtally::collector
