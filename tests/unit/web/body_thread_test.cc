// SPDX-License-Identifier: Apache-2.0
#include "web/body_thread.h"

#include <future>
#include <new>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace promtally::web {
namespace {

int StatusOf(const Response& promise) {
  return promise.later->resolved() ? promise.later->Take().status : 0;
}

BodyThread::Then Answer(int status) {
  return [status] { return TextResponse(status, ""); };
}

TEST(BodyThread, ReadsOnAnotherThreadAndFinishesOnTheLoops) {
  boost::asio::io_context loop{1};
  BodyThread bodies(loop);
  std::thread::id read_on;
  std::thread::id finished_on;
  const auto promise = bodies.Run([&]() -> BodyThread::Then {
    read_on = std::this_thread::get_id();
    return [&] {
      finished_on = std::this_thread::get_id();
      return TextResponse(201, "");
    };
  });
  ASSERT_TRUE(promise);
  const auto work = boost::asio::make_work_guard(loop);
  promise->later->OnResolved([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(StatusOf(*promise), 201);
  EXPECT_EQ(finished_on, std::this_thread::get_id());
  EXPECT_NE(read_on, finished_on);
}

TEST(BodyThread, RefusesWhatTheQueueHasNoRoomForAndTakesTheRest) {
  boost::asio::io_context loop{1};
  BodyThread bodies(loop);
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  std::vector<Response> taken;
  while (auto promise = bodies.Run([gone] {
    gone.wait();
    return Answer(200);
  })) {
    taken.push_back(*std::move(promise));
    ASSERT_LT(taken.size(), 100U);
  }
  go.set_value();
  const auto work = boost::asio::make_work_guard(loop);
  taken.back().later->OnResolved([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(taken.size(), 8U);
  for (const Response& promise : taken) {
    EXPECT_EQ(StatusOf(promise), 200);
  }
  EXPECT_TRUE(bodies.Run([] { return Answer(200); }));
}

TEST(BodyThread, AnswersAnExceptionWithA500) {
  boost::asio::io_context loop{1};
  BodyThread bodies(loop);
  const auto early = bodies.Run([]() -> BodyThread::Then { throw std::bad_alloc(); });
  const auto late =
      bodies.Run([]() -> BodyThread::Then { return []() -> Response { throw std::bad_alloc(); }; });
  const auto work = boost::asio::make_work_guard(loop);
  late->later->OnResolved([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(StatusOf(*early), 500);
  EXPECT_EQ(StatusOf(*late), 500);
}

TEST(BodyThread, DropsWhatWaitsWhenItGoes) {
  boost::asio::io_context loop{1};
  bool finished = false;
  {
    BodyThread bodies(loop);
    ASSERT_TRUE(bodies.Run([&]() -> BodyThread::Then {
      return [&] {
        finished = true;
        return TextResponse(200, "");
      };
    }));
  }
  EXPECT_FALSE(finished);
}

}  // namespace
}  // namespace promtally::web
