// SPDX-License-Identifier: Apache-2.0
#include "collector/source_gate.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace promtally::collector {

namespace {
constexpr std::chrono::hours kIdentityAge{1};
}

SourceGate::SourceGate(boost::asio::io_context& loop, std::string name,
                       std::unique_ptr<source::Source> source, int concurrency)
    : loop_(loop), name_(std::move(name)), source_(std::move(source)), concurrency_(concurrency) {}

void SourceGate::NewRun() {
  connection_errors_ = 0;
  reached_ = false;
}

void SourceGate::Query(std::string text, base::Instant time, int attempt, QueryDone done) {
  Enqueue([this, text = std::move(text), time, attempt, done = std::move(done)] {
    source_->Query(
        text, time,
        [self = weak_from_this(), loop = &loop_, attempt, done](source::QueryOutcome outcome) {
          auto shared = std::make_shared<source::QueryOutcome>(std::move(outcome));
          boost::asio::post(*loop, [self, shared, attempt, done] {
            if (const auto gate = self.lock()) {
              gate->Finished(shared->failure && shared->failure->connection);
              gate->Observe(*shared, attempt > 1);
              done(std::move(*shared));
              gate->Pump();
            }
          });
        });
  });
}

void SourceGate::ListLabelValues(std::string label, std::string selector, metering::Period period,
                                 ValuesDone done) {
  Enqueue([this, label = std::move(label), selector = std::move(selector), period,
           done = std::move(done)] {
    source_->ListLabelValues(
        label, selector, period,
        [self = weak_from_this(), loop = &loop_, done](source::Source::LabelValues values) {
          auto shared = std::make_shared<source::Source::LabelValues>(std::move(values));
          boost::asio::post(*loop, [self, shared, done] {
            if (const auto gate = self.lock()) {
              gate->Finished(shared->failure && shared->failure->connection);
              done(std::move(*shared));
              gate->Pump();
            }
          });
        });
  });
}

void SourceGate::HasDataUpTo(base::Instant time, std::function<void(std::optional<bool>)> done) {
  Enqueue([this, time, done = std::move(done)] {
    source_->HasDataUpTo(
        time, [self = weak_from_this(), loop = &loop_, done](std::optional<bool> answer) {
          boost::asio::post(*loop, [self, answer, done] {
            if (const auto gate = self.lock()) {
              --gate->in_flight_;
              done(answer);
              gate->Pump();
            }
          });
        });
  });
}

void SourceGate::Identify(std::function<void(const source::ServerIdentity&)> done) {
  if (identity_ && std::chrono::steady_clock::now() - identified_at_ < kIdentityAge) {
    done(*identity_);
    return;
  }
  source_->Identify(
      [self = weak_from_this(), loop = &loop_, done](source::ServerIdentity identity) {
        auto shared = std::make_shared<source::ServerIdentity>(std::move(identity));
        boost::asio::post(*loop, [self, shared, done] {
          if (const auto gate = self.lock()) {
            gate->reached_ = gate->reached_ || shared->reachable;
            if (shared->reachable) {
              gate->JudgeClock(*shared);
              gate->identity_ = *shared;
              gate->identified_at_ = std::chrono::steady_clock::now();
            }
            done(*shared);
          }
        });
      });
}

void SourceGate::JudgeClock(const source::ServerIdentity& identity) {
  const auto local = std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  // `Date` has whole seconds: less than two of them is no difference.
  const base::Milliseconds behind =
      identity.server_date ? local - *identity.server_date : base::Milliseconds(0);
  clock_behind_ = behind >= std::chrono::seconds(2) ? behind : base::Milliseconds(0);
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

void SourceGate::Finished(bool connection_error) {
  --in_flight_;
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
