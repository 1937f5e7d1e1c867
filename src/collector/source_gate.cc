// SPDX-License-Identifier: Apache-2.0
#include "collector/source_gate.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace promtally::collector {

namespace {
constexpr std::chrono::hours kIdentityAge{1};
}

SourceGate::SourceGate(boost::asio::io_context& loop, std::string name,
                       std::unique_ptr<source::Source> source, int concurrency,
                       std::function<Steady::time_point()> steady)
    : loop_(loop),
      name_(std::move(name)),
      source_(std::move(source)),
      concurrency_(concurrency),
      completeness_(Questions()),
      steady_(std::move(steady)) {}

Completeness::Questions SourceGate::Questions() {
  return {.list_stores =
              [this](std::function<void(source::StoreList)> done) {
                auto answered = OnLoop<source::StoreList>(
                    Place::kNone, [this, done = std::move(done)](source::StoreList& list) {
                      CountAnswer(list.failure && list.failure->connection);
                      done(std::move(list));
                    });
                source_->ListStores(std::move(answered));
              },
          .evaluate = [this](base::Instant time,
                             QueryDone done) { Query("vector(1)", time, 1, std::move(done)); }};
}

std::optional<source::QueryFailure> SourceGate::Refusal() const {
  if (!given_up()) {
    return completeness_.lack();
  }
  source::QueryFailure failure;
  failure.reason = "unreachable";
  failure.detail = "the source was given up after repeated connection errors";
  failure.connection = true;
  return failure;
}

void SourceGate::NewRun() {
  connection_errors_ = 0;
  reached_ = false;
}

void SourceGate::Abandon() {
  const auto self = shared_from_this();  // one of the callbacks may hold the last reference
  std::exchange(waiting_, {}).clear();
  std::exchange(pending_, {}).clear();
  completeness_.Abandon();
}

void SourceGate::Close() {
  const auto self = shared_from_this();
  Abandon();
  source_.reset();
}

void SourceGate::After(base::Milliseconds delay, std::function<void()> then) {
  const std::uint64_t id = ++last_id_;
  const auto timer = std::make_shared<boost::asio::steady_timer>(loop_, delay);
  pending_.emplace(id, [timer, then = std::move(then)](void*) { then(); });
  timer->async_wait([self = weak_from_this(), id](const boost::system::error_code&) {
    if (const auto gate = self.lock()) {
      gate->Take(id, nullptr);
    }
  });
}

template <typename Value>
std::function<void(Value)> SourceGate::OnLoop(Place place, std::function<void(Value&)> done) {
  const std::uint64_t id = ++last_id_;
  pending_.emplace(id,
                   [done = std::move(done)](void* value) { done(*static_cast<Value*>(value)); });
  return [self = weak_from_this(), loop = &loop_, place, id](Value value) {
    auto shared = std::make_shared<Value>(std::move(value));
    boost::asio::post(*loop, [self, place, id, shared] {
      if (const auto gate = self.lock()) {
        gate->in_flight_ -= place == Place::kTaken ? 1 : 0;
        gate->Take(id, shared.get());
        gate->Pump();
      }
    });
  };
}

void SourceGate::Take(std::uint64_t id, void* value) {
  if (const auto node = pending_.extract(id)) {
    node.mapped()(value);
  }
}

std::function<void(source::QueryOutcome)> SourceGate::Answering(int attempt, QueryDone done) {
  return OnLoop<source::QueryOutcome>(
      Place::kTaken, [this, attempt, done = std::move(done)](source::QueryOutcome& outcome) {
        CountAnswer(outcome.failure && outcome.failure->connection);
        TakeServerDate(outcome);
        Observe(outcome, attempt > 1);
        done(std::move(outcome));
      });
}

void SourceGate::Query(std::string text, base::Instant time, int attempt, QueryDone done) {
  Enqueue([this, text = std::move(text), time, answered = Answering(attempt, std::move(done))] {
    source_->Query(text, time, answered);
  });
}

void SourceGate::QueryRaw(std::string text, base::Instant time,
                          std::optional<metering::HistogramPart> histogram, int attempt,
                          QueryDone done) {
  Enqueue([this, text = std::move(text), time, histogram,
           answered = Answering(attempt, std::move(done))] {
    source_->QueryRaw(text, time, histogram, answered);
  });
}

void SourceGate::ListLabelValues(std::string label, std::vector<std::string> selectors,
                                 metering::Period span, ValuesDone done) {
  using Values = source::Source::LabelValues;
  auto answered = OnLoop<Values>(Place::kTaken, [this, done = std::move(done)](Values& values) {
    CountAnswer(values.failure && values.failure->connection);
    done(std::move(values));
  });
  Enqueue([this, label = std::move(label), selectors = std::move(selectors), span,
           answered = std::move(answered)] {
    source_->ListLabelValues(label, selectors, span, answered);
  });
}

void SourceGate::HasDataUpTo(base::Instant time, std::function<void(std::optional<bool>)> done) {
  auto answered = OnLoop<std::optional<bool>>(
      Place::kTaken, [done = std::move(done)](std::optional<bool>& answer) { done(answer); });
  Enqueue([this, time, answered = std::move(answered)] { source_->HasDataUpTo(time, answered); });
}

void SourceGate::Identify(std::function<void(const source::ServerIdentity&)> done) {
  if (identity_ && steady_() - identified_at_ < kIdentityAge) {
    completeness_.Begin(identity_->kind, [this, done = std::move(done)] { done(*identity_); });
    return;
  }
  source_->Identify(OnLoop<source::ServerIdentity>(
      Place::kNone, [this, done = std::move(done)](source::ServerIdentity& identity) {
        reached_ = reached_ || identity.reachable;
        if (identity.reachable) {
          identity_ = identity;
          identified_at_ = server_date_at_ = steady_();
          server_date_ = identity.server_date;
        }
        completeness_.Begin(identity.kind, [identity, done] { done(identity); });
      }));
}

/// A `Date` may be as old as its answer took to arrive: an older one says nothing new.
void SourceGate::TakeServerDate(const source::QueryOutcome& outcome) {
  const Steady::time_point now = steady_();
  if (outcome.server_date &&
      (!server_date_ || *outcome.server_date > *server_date_ + (now - server_date_at_))) {
    server_date_ = outcome.server_date;
    server_date_at_ = now;
  }
}

base::Milliseconds SourceGate::ClockBehind(base::Instant local) const {
  if (!server_date_) {
    return base::Milliseconds(0);
  }
  const auto since = std::chrono::duration_cast<base::Milliseconds>(steady_() - server_date_at_);
  const base::Milliseconds behind = local - (*server_date_ + since);
  // `Date` has whole seconds: less than two of them is no difference.
  return behind >= std::chrono::seconds(2) ? behind : base::Milliseconds(0);
}

void SourceGate::Enqueue(std::function<void()> send) {
  waiting_.push_back(std::move(send));
  Pump();
}

void SourceGate::Pump() {
  while (in_flight_ < concurrency_ && !waiting_.empty()) {
    const auto send = std::move(waiting_.front());
    waiting_.pop_front();
    ++in_flight_;
    send();
  }
}

void SourceGate::CountAnswer(bool connection_error) {
  reached_ = reached_ || !connection_error;
  connection_errors_ = connection_error ? connection_errors_ + 1 : 0;
}

void SourceGate::Observe(const source::QueryOutcome& outcome, bool retry) const {
  if (on_query) {
    on_query({name_, outcome.wall, outcome.bytes,
              outcome.failure ? outcome.failure->reason : "success", retry});
  }
}

}  // namespace promtally::collector
