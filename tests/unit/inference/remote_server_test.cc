// SPDX-License-Identifier: Apache-2.0
#include "inference/remote_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/inference/remote_fixture.h"

namespace promtally::inference {
namespace {

using config::RemoteModelType;
using test::FakeServer;
using test::Reply;
using test::SeenRequest;
using testing::HasSubstr;
using testing::Not;

const RemoteRequest kPost{"/x", "application/json", "{}", {}, {}, {}};

TEST(RemoteServer, SendsABodyOfItsTypeByPostAndNothingByGet) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(200, "ok"); });
  RemoteServer remote(Settings(server, RemoteModelType::kOipV2));
  EXPECT_EQ(remote.Call(kPost)->body, "ok");
  EXPECT_EQ(remote.Call({"/y", "", "", {}, {}, {}})->status, 200);
  EXPECT_EQ(server.requests()[0].method, "POST");
  EXPECT_EQ(server.requests()[0].body, "{}");
  EXPECT_EQ(server.requests()[0].Header("content-type"), "application/json");
  EXPECT_EQ(server.requests()[1].method, "GET");
}

TEST(RemoteServer, TriesAgainWhereAnotherTryMayHelp) {
  for (const int status : {429, 502, 503, 504}) {
    int calls = 0;
    FakeServer server([&calls, status](const SeenRequest&) {
      return ++calls < 3 ? Reply::Of(status, "") : Reply::Of(200, "done");
    });
    FakeTime time;
    RemoteServer remote(Settings(server, RemoteModelType::kOipV2), time.Waiting());
    EXPECT_EQ(remote.Call(kPost)->body, "done") << status;
    ASSERT_EQ(time.sleeps.size(), 2U) << status;
    EXPECT_GE(time.sleeps[0].count(), 250);
    EXPECT_LE(time.sleeps[0].count(), 500);
    EXPECT_GE(time.sleeps[1].count(), 500);
    EXPECT_LE(time.sleeps[1].count(), 1000);
  }
}

TEST(RemoteServer, GivesTheLastAnswerWhenTheTriesAreUsedUp) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(503, "later"); });
  FakeTime time;
  RemoteServer remote(Settings(server, RemoteModelType::kOipV2), time.Waiting());
  EXPECT_EQ(remote.Call(kPost)->status, 503);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(RemoteServer, DoesNotRepeatWhatTheServerRefuses) {
  for (const int status : {400, 401, 404, 413, 422, 500, 501}) {
    FakeServer server([status](const SeenRequest&) { return Reply::Of(status, ""); });
    FakeTime time;
    RemoteServer remote(Settings(server, RemoteModelType::kOipV2), time.Waiting());
    EXPECT_EQ(remote.Call(kPost)->status, status);
    EXPECT_EQ(server.requests().size(), 1U) << status;
  }
}

TEST(RemoteServer, TriesAnInternalErrorOnceMoreWhereItIsToldTo) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(500, ""); });
  FakeTime time;
  RemoteServer remote(Settings(server, RemoteModelType::kIcos), time.Waiting());
  EXPECT_EQ(remote.Call({"/x", "application/json", "{}", {}, {500}, {}})->status, 500);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(RemoteServer, WaitsAsLongAsTheServerAsksForUpToAMinute) {
  int calls = 0;
  FakeServer server([&calls](const SeenRequest&) {
    return ++calls == 1 ? Reply::Of(429, "", {{"Retry-After", "7"}}) : Reply::Of(200, "");
  });
  FakeTime time;
  RemoteServer remote(Settings(server, RemoteModelType::kOipV2), time.Waiting());
  EXPECT_EQ(remote.Call(kPost)->status, 200);
  EXPECT_EQ(time.sleeps, std::vector{base::Milliseconds(7000)});

  server.SetScript([](const SeenRequest&) {
    return Reply::Of(503, "",
                     {{"Date", "Sun, 22 Nov 2026 10:00:00 GMT"},
                      {"Retry-After", "Sun, 22 Nov 2026 10:05:00 GMT"}});
  });
  EXPECT_EQ(remote.Call(kPost)->status, 503);
  EXPECT_EQ(time.sleeps.size(), 1U) << "five minutes are not waited for";
}

TEST(RemoteServer, SaysWhichKindOfSilenceItWas) {
  const auto call = [](const Reply& reply) {
    FakeServer server([reply](const SeenRequest&) { return reply; });
    FakeTime time;
    config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
    settings.retries = 1;
    settings.timeout = base::Milliseconds(200);
    RemoteServer remote(settings, time.Waiting());
    const base::Result<RemoteAnswer> answer = remote.Call(kPost);
    EXPECT_FALSE(answer);
    EXPECT_EQ(server.requests().size(), 2U);
    return answer ? base::Error{} : answer.error();
  };
  EXPECT_EQ(call(Reply::Raw("", Reply::End::kReset)).code, base::ErrorCode::kUnavailable);
  EXPECT_EQ(call(Reply::Of(200, std::string(100, 'x')).CutAfter(80)).code,
            base::ErrorCode::kUnavailable);
  EXPECT_EQ(call(Reply::Raw("", Reply::End::kStall)).code, base::ErrorCode::kTimeout);
}

TEST(RemoteServer, IsNotAskedForHalfAMinuteAfterFiveFailedCalls) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(503, ""); });
  FakeTime time;
  config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
  settings.retries = 0;
  RemoteServer remote(settings, time.Waiting());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(remote.Call(kPost));
  }
  const base::Result<RemoteAnswer> refused = remote.Call(kPost);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("HTTP 503"));
  EXPECT_EQ(server.requests().size(), 5U);

  time.now += std::chrono::seconds(31);
  EXPECT_TRUE(remote.Call(kPost)) << "one call finds out";
  EXPECT_FALSE(remote.Call(kPost));
  time.now += std::chrono::seconds(31);
  server.SetScript([](const SeenRequest&) { return Reply::Of(200, ""); });
  EXPECT_EQ(remote.Call(kPost)->status, 200);
  EXPECT_EQ(remote.Call(kPost)->status, 200);
}

TEST(RemoteServer, EndsACallWhenItIsStopped) {
  FakeServer server([](const SeenRequest&) { return Reply::Raw("", Reply::End::kStall); });
  RemoteServer remote(Settings(server, RemoteModelType::kOipV2));
  std::thread stopper([&] {
    EXPECT_TRUE(server.WaitForRequests(1));
    remote.Stop();
  });
  const base::Result<RemoteAnswer> answer = remote.Call(kPost);
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, base::ErrorCode::kCancelled);
}

TEST(RemoteFailure, QuotesWhatTheServerSaysInOneBoundedLine) {
  const auto text = [](int status, const std::string& body) {
    return FailureText(RemoteAnswer{status, {}, body});
  };
  EXPECT_EQ(text(400, R"({"error":"no such\nmodel"})"), "HTTP 400: no such model");
  EXPECT_EQ(text(400, R"("BentoService error")"), "HTTP 400: BentoService error");
  EXPECT_EQ(text(422, R"({"detail":[{"loc":["a"],"msg":"Field required"},{"msg":"wrong"}]})"),
            "HTTP 422: Field required; wrong");
  EXPECT_EQ(text(504, "Not able to process\nin 60 seconds"), "HTTP 504: Not able to process");
  EXPECT_EQ(text(404, "<html><body>secret page</body></html>"), "HTTP 404");
  EXPECT_EQ(text(500, ""), "HTTP 500");
  EXPECT_EQ(text(500, R"({"error":"a\u001b[31mb"})"), "HTTP 500: a\\x1b[31mb");
  EXPECT_LT(text(500, R"({"error":")" + std::string(5000, 'x') + "\"}").size(), 330U);
}

TEST(RemoteFailure, NeverShowsAStackTrace) {
  const std::string body =
      R"({"error_code":"BAD_REQUEST","message":"it failed. Traceback (most recent call last):\n)"
      R"(  File \"/srv/secret.py\"","stack_trace":"Traceback (most recent call last): /srv/secret"})";
  const std::string text = FailureText(RemoteAnswer{400, {}, body});
  EXPECT_EQ(text, "HTTP 400: it failed.");
  EXPECT_THAT(FailureText(RemoteAnswer{500, {}, "Traceback (most recent call last):\n  File"}),
              Not(HasSubstr("Traceback")));
}

}  // namespace
}  // namespace promtally::inference
