// SPDX-License-Identifier: Apache-2.0
#include "web/body_thread.h"

#include <atomic>
#include <exception>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "web/router.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxWaiting = 8;

Response Failed() { return ErrorResponse(ErrorStyle::kProblem, 500, "Internal Server Error"); }

/// No memory, or a defect: this request fails, the service goes on.
template <typename Work, typename Otherwise>
auto Guard(const Work& work, const Otherwise& otherwise) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception&) {
    return otherwise();
  }
}

}  // namespace

struct BodyThread::State {
  explicit State(asio::io_context& its_loop) : loop(its_loop) {}

  asio::io_context& loop;
  std::size_t waiting = 0;  // loop thread
  std::atomic<bool> stopped = false;
  asio::thread_pool pool{1};
};

BodyThread::BodyThread(asio::io_context& loop) : state_(std::make_shared<State>(loop)) {}

BodyThread::~BodyThread() {
  state_->stopped = true;
  state_->pool.join();
}

std::optional<Response> BodyThread::Run(std::function<Then()> read) {
  if (state_->waiting >= kMaxWaiting) {
    return std::nullopt;
  }
  ++state_->waiting;
  Response promise;
  promise.later = std::make_shared<Deferral>();
  asio::post(state_->pool, [state = state_.get(), later = promise.later, read = std::move(read)] {
    if (state->stopped) {
      return;
    }
    auto then = std::make_shared<const Then>(Guard(read, [] { return Then(Failed); }));
    asio::post(state->loop, [state, later, then = std::move(then)]() mutable {
      --state->waiting;
      later->Resolve(Guard(*then, Failed));
      // What was read is large, and takes its time to go.
      asio::post(state->pool, [then = std::move(then)]() mutable { then.reset(); });
    });
  });
  return promise;
}

}  // namespace promtally::web
