// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "web/http.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// Reads large bodies on a thread of its own, one after the other, while the loop answers others.
/// The queue has an end: what waits in it is memory.
///
/// Threads: the loop's. The loop outlives it; bodies that wait when it goes are not read.
class BodyThread {
 public:
  /// The rest of a request, done on the loop thread.
  using Then = std::function<Response()>;

  explicit BodyThread(boost::asio::io_context& loop);
  ~BodyThread();
  BodyThread(const BodyThread&) = delete;
  BodyThread& operator=(const BodyThread&) = delete;

  /// A promise of what `read`, on the other thread, and then its result, on the loop's, come to.
  /// nullopt: the queue is full. Exceptions of `read` are a 500, as those of a handler are.
  [[nodiscard]] std::optional<Response> Run(std::function<Then()> read);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
