// SPDX-License-Identifier: Apache-2.0
#include "collector/period_fetch.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/collector/period_fetch_fixture.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using source::QueryOutcome;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(PeriodFetchTest, AsksForAllScopesWithOneQueryAtThePeriodsEnd) {
  FailFirst(0, Unreachable);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  ASSERT_THAT(script_->asked(), SizeIs(1));
  EXPECT_EQ(script_->asked()[0].text, "max(max_over_time(requests{}[3600s])) by (project_id)");
  EXPECT_EQ(script_->asked()[0].time, kPeriod.end);
  ASSERT_THAT(result.queries, SizeIs(1));
  EXPECT_EQ(result.queries[0].series, 1U);
  EXPECT_EQ(result.queries[0].bytes, 100U);
  EXPECT_EQ(result.attempts, 1);
  EXPECT_EQ(result.batch, 0U);
  ASSERT_THAT(result.answers, SizeIs(1));
  EXPECT_FALSE(result.answers[0].asked_scope);
}

TEST_F(PeriodFetchTest, TriesAgainAndTakesTheAnswerThatComes) {
  FailFirst(1, [] { return Failing(Disposition::kRetry, "not_json"); });
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.attempts, 2);
  EXPECT_THAT(result.queries, SizeIs(1));
}

TEST_F(PeriodFetchTest, TriesThreeTimesInAll) {
  FailFirst(99, [] { return Failing(Disposition::kRetry, "http_status"); });
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, "http_status");
  EXPECT_EQ(result.attempts, 3);
  EXPECT_THAT(script_->asked(), SizeIs(3));
  EXPECT_THAT(result.answers, SizeIs(0));
}

TEST_F(PeriodFetchTest, WaitsAsLongAsTheServerWishes) {
  FailFirst(1, [] {
    QueryOutcome outcome = Failing(Disposition::kRetry, "http_status");
    outcome.failure->retry_after = base::Milliseconds(1100);
    return outcome;
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_FALSE(Run().failure);
  EXPECT_GE(std::chrono::steady_clock::now() - started, base::Milliseconds(1100));
}

TEST_F(PeriodFetchTest, EndsItsTriesWhereTheServerWishesToBeLeftAloneForLong) {
  FailFirst(99, [] {
    QueryOutcome outcome = Failing(Disposition::kRetry, "http_status");
    outcome.failure->retry_after = base::Milliseconds(5001);
    return outcome;
  });
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->retry_after, base::Milliseconds(5001));
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

TEST_F(PeriodFetchTest, TriesWhatIsOpenOrPermanentOnce) {
  for (const auto disposition : {Disposition::kOpen, Disposition::kPermanent}) {
    answered_ = 0;
    FailFirst(99, [disposition] { return Failing(disposition, "query_error"); });
    const auto before = script_->asked().size();
    const FetchResult result = Run();
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->disposition, disposition);
    EXPECT_EQ(script_->asked().size(), before + 1);
  }
}

TEST_F(PeriodFetchTest, DoesNotTryAgainForAPreview) {
  request_.no_retries = true;
  FailFirst(99, Unreachable);
  EXPECT_TRUE(Run().failure);
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

TEST_F(PeriodFetchTest, GivesTheSourceUpAfterThreeConnectionErrorsUntilTheNextRun) {
  FailFirst(3, Unreachable);
  request_.no_retries = true;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(gate_ && gate_->given_up());
    ASSERT_TRUE(Run().failure);
  }
  EXPECT_TRUE(gate_->given_up());
  EXPECT_FALSE(gate_->reached());
  request_.no_retries = false;
  const FetchResult unasked = Run();
  ASSERT_TRUE(unasked.failure);
  EXPECT_EQ(unasked.failure->reason, "unreachable");
  EXPECT_TRUE(unasked.failure->connection);
  EXPECT_EQ(unasked.attempts, 0);
  EXPECT_THAT(script_->asked(), SizeIs(3));
  gate_->NewRun();
  EXPECT_FALSE(gate_->given_up());
  EXPECT_FALSE(Run().failure);
  EXPECT_TRUE(gate_->reached());
}

TEST_F(PeriodFetchTest, CountsConnectionErrorsInARowOnly) {
  script_->query = [this](const AskedQuery&) {
    return ++answered_ % 3 != 0 ? Unreachable() : Answered({});
  };
  request_.no_retries = true;
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(Run());
    EXPECT_FALSE(gate_->given_up());
  }
}

TEST_F(PeriodFetchTest, AsksForListedScopesByName) {
  request_.scopes = {"p1", "p|2"};
  FailFirst(0, Unreachable);
  EXPECT_FALSE(Run().failure);
  ASSERT_THAT(script_->asked(), SizeIs(1));
  EXPECT_THAT(script_->asked()[0].text, HasSubstr(R"(project_id=~"p1|p\\|2")"));
}

TEST_F(PeriodFetchTest, HasNoMoreInFlightThanTheSourceTakesAndSaysWhenThereIsRoom) {
  Discoverable(Scopes(40));
  request_.per_scope = true;
  concurrency_ = 4;
  int room = 0;
  gate_ = std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_),
                                       concurrency_);
  gate_->on_query = [&](const QueryStats&) {
    // The answer that is being told of has left its place.
    EXPECT_LE(script_->asked().size() - static_cast<std::size_t>(++answered_), 4U);
  };
  script_->query = [](const AskedQuery&) { return Answered({{{}, "1"}}); };
  request_.on_room = [&] { ++room; };
  EXPECT_FALSE(Run().failure);
  EXPECT_THAT(script_->asked(), SizeIs(40));
  EXPECT_GE(room, 3);   // while the last ones are in flight
  EXPECT_LE(room, 10);  // not while others wait
}

TEST_F(PeriodFetchTest, ForgetsEverythingWhenTheGateAbandonsIt) {
  script_->keep_back = 99;
  const auto source_ended = std::make_shared<int>(0);
  gate_ = std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_), 2);
  request_.spec = std::make_shared<const metering::MetricSpec>(spec_);
  Fetch(gate_, request_, [source_ended](FetchResult) { FAIL() << "called after Abandon()"; });
  EXPECT_EQ(source_ended.use_count(), 2);
  gate_->Abandon();
  EXPECT_EQ(source_ended.use_count(), 1) << "the fetch is kept alive";
  const std::weak_ptr<SourceGate> weak = gate_;
  gate_.reset();
  EXPECT_TRUE(weak.expired()) << "the gate is kept alive by what it waits for";
  loop_.run_for(std::chrono::seconds(120));
}

TEST_F(PeriodFetchTest, DoesNotTryAgainAfterTheGateAbandonedIt) {
  FailFirst(99, [] {
    QueryOutcome outcome = Failing(Disposition::kRetry, "http_status");
    outcome.failure->retry_after = base::Milliseconds(4900);
    return outcome;
  });
  gate_ = std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_), 2);
  gate_->on_query = [this](const QueryStats&) {
    boost::asio::post(loop_, [this] { gate_->Abandon(); });
  };
  request_.spec = std::make_shared<const metering::MetricSpec>(spec_);
  auto guard = boost::asio::make_work_guard(loop_);
  Fetch(gate_, request_, [](FetchResult) { FAIL() << "called after Abandon()"; });
  const auto started = std::chrono::steady_clock::now();
  while (answered_ == 0 && std::chrono::steady_clock::now() - started < std::chrono::seconds(120)) {
    loop_.run_one_for(std::chrono::seconds(1));
  }
  guard.reset();
  loop_.run_for(std::chrono::seconds(120));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(4));
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

}  // namespace
}  // namespace promtally::collector
