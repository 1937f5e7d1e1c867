// SPDX-License-Identifier: Apache-2.0
#include "collector/preview.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>

#include "collector/open_sources.h"

namespace promtally::collector {

struct Preview::Session {
  boost::asio::io_context loop;
  std::shared_ptr<SourceGate> gate;
  source::ServerIdentity server;

  /// Runs the loop until what `start` begins calls the function that it is given. Answers come from
  /// another thread: without the guard the loop would find nothing to do and return.
  template <typename Start>
  void RunUntilDone(Start start) {
    auto guard = boost::asio::make_work_guard(loop);
    loop.restart();
    start([&guard] { guard.reset(); });
    loop.run();
  }
};

Preview::Preview(const config::SourceSettings& settings) : session_(std::make_unique<Session>()) {
  session_->gate = OpenSource(session_->loop, settings);
  session_->RunUntilDone([this](const auto& done) {
    session_->gate->Identify([this, done](const source::ServerIdentity& server) {
      session_->server = server;
      done();
    });
  });
}

Preview::~Preview() = default;

FetchResult Preview::Fetch(FetchRequest request) {
  FetchResult fetched;
  session_->RunUntilDone([&](const auto& done) {
    collector::Fetch(session_->gate, std::move(request), [&fetched, done](FetchResult result) {
      fetched = std::move(result);
      done();
    });
  });
  return fetched;
}

source::QueryOutcome Preview::Query(std::string text, base::Instant time) {
  source::QueryOutcome asked;
  session_->RunUntilDone([&](const auto& done) {
    session_->gate->Query(std::move(text), time, 1, [&asked, done](source::QueryOutcome outcome) {
      asked = std::move(outcome);
      done();
    });
  });
  return asked;
}

const source::ServerIdentity& Preview::server() const { return session_->server; }

bool Preview::reached() const { return session_->gate->reached(); }

}  // namespace promtally::collector
