// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "support/fake_server.h"
#include "unit/net/exchange.h"

namespace promtally::net {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;

/// Counts how the requests ended; every one must end once.
struct Tally {
  std::mutex mutex;
  std::vector<int> ends;
  int done = 0;
  int cancelled = 0;
  int other = 0;
  std::promise<void> all;

  explicit Tally(std::size_t requests) : ends(requests, 0) {}
  void Count(std::size_t index, const HttpResponse& response) {
    const std::lock_guard lock(mutex);
    ++ends[index];
    const bool whole = response.error == TransferError::kNone && response.body_bytes == 5000;
    done += whole ? 1 : 0;
    cancelled += response.error == TransferError::kCancelled ? 1 : 0;
    other += !whole && response.error != TransferError::kCancelled ? 1 : 0;
    if (static_cast<std::size_t>(done + cancelled + other) == ends.size()) {
      all.set_value();
    }
  }
};

TEST(HttpClientStress, EndsEachOf600RequestsOnceUnderRandomCancels) {
  constexpr std::size_t kRequests = 600;
  FakeServer server([](const SeenRequest& request) {
    const Reply reply = Reply::Of(200, std::string(5000, 'x')).After(std::chrono::milliseconds(5));
    return request.target == "/close" ? reply.Then(Reply::End::kClose) : reply;
  });
  Tally tally(kRequests);
  {
    HttpClient client({});
    const auto send_half = [&](std::size_t begin) {
      std::mt19937 random(static_cast<std::uint32_t>(begin));
      for (std::size_t index = begin; index < kRequests; index += 2) {
        const std::string host = index % 3 == 0 ? "localhost" : "127.0.0.1";
        const std::uint64_t id = client.Send(
            Get("http://" + host + ":" + std::to_string(server.port()) +
                (index % 4 < 2 ? "/close" : "/keep")),
            std::make_unique<TextSink>(),
            [&tally, index](const HttpResponse& response, const std::unique_ptr<BodySink>&) {
              tally.Count(index, response);
            });
        if (random() % 3 == 0) {
          client.Cancel(id - random() % 8);
        }
        if (random() % 5 == 0) {
          std::this_thread::yield();
        }
      }
    };
    std::thread odd(send_half, 1);
    send_half(0);
    odd.join();
    tally.all.get_future().get();
  }
  EXPECT_EQ(tally.ends, std::vector<int>(kRequests, 1));
  EXPECT_EQ(tally.other, 0);
  EXPECT_GT(tally.done, 100);
  EXPECT_GT(tally.cancelled, 10);
}

}  // namespace
}  // namespace promtally::net
