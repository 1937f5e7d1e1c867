// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/collector/period_fetch_fixture.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using source::QueryOutcome;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SplitFetch : public PeriodFetchTest {};

TEST_F(SplitFetch, SplitsAnAnswerThatIsTooLargeByTheScopesThatThereAre) {
  Discoverable(Scopes(250));
  script_->query = AtMost(100, true);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 100U);
  EXPECT_THAT(result.answers, SizeIs(3));
  EXPECT_THAT(result.queries, SizeIs(3));
  EXPECT_THAT(script_->asked(), SizeIs(4));
}

TEST_F(SplitFetch, HalvesUntilEveryPartIsSmallEnough) {
  Discoverable(Scopes(100));
  script_->query = AtMost(30, false);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 25U);
  EXPECT_THAT(result.answers, SizeIs(4));
}

TEST_F(SplitFetch, StartsWithTheBatchThatWorkedBefore) {
  Discoverable(Scopes(60));
  request_.batch = 25;
  script_->query = AtMost(25, true);
  EXPECT_FALSE(Run().failure);
  EXPECT_THAT(script_->asked(), SizeIs(3));
}

class LastHourOfADay : public PeriodFetchTest {
 protected:
  LastHourOfADay() {
    request_.period = {kBegin + std::chrono::hours(23), kBegin + std::chrono::hours(24)};
    Discoverable(Scopes(60));
  }
};

TEST_F(LastHourOfADay, TriesBatchesOfTwiceTheSize) {
  request_.batch = 25;
  script_->query = AtMost(50, false);
  EXPECT_EQ(Run().batch, 50U);
  EXPECT_THAT(script_->asked(), SizeIs(2));
}

TEST_F(LastHourOfADay, TriesAllScopesAtOnceAgain) {
  request_.batch = 100;
  FailFirst(0, Unreachable);
  EXPECT_EQ(Run().batch, 0U);
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

TEST_F(LastHourOfADay, KeepsTheSizeThatWorkedWhereTwiceIsStillTooMuch) {
  request_.batch = 25;
  script_->query = AtMost(25, false);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 25U);
}

TEST_F(SplitFetch, RemembersTheHalfOfAListThatWasTooLarge) {
  request_.scopes = Scopes(80);
  script_->query = AtMost(40, true);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 40U);
}

TEST_F(SplitFetch, FailsOneScopeThatIsOverTheByteLimit) {
  Discoverable({"p1"});
  script_->query = AtMost(0, true);
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->disposition, Disposition::kPermanent);
  EXPECT_EQ(result.failure->reason, "too_large");
}

TEST_F(SplitFetch, LeavesOneScopeWithAQueryErrorOpen) {
  Discoverable({"p1"});
  script_->query = AtMost(0, false);
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->disposition, Disposition::kOpen);
  EXPECT_EQ(result.failure->reason, "query_error");
}

TEST_F(SplitFetch, FailsWhatIsTooLargeWithoutScopes) {
  request_.scope_key.reset();
  script_->query = AtMost(0, true);
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, "too_large");
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

TEST_F(SplitFetch, FailsAListOfScopesThatIsTooLargeItself) {
  request_.batch = 100;
  script_->values = [](metering::Period) {
    auto failure = *Failing(Disposition::kSplit, "too_large").failure;
    failure.over_byte_limit = true;
    return source::Source::LabelValues{{}, failure};
  };
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->disposition, Disposition::kPermanent);
  EXPECT_EQ(result.failure->reason, "too_large");
}

TEST_F(SplitFetch, KeepsTheReasonOfTheQueryWhereTheScopesCannotBeListed) {
  for (const bool over_byte_limit : {false, true}) {
    script_->query = [=](const AskedQuery&) {
      QueryOutcome outcome = Failing(Disposition::kSplit, "query_error");
      outcome.failure->detail = "422: too many samples";
      outcome.failure->over_byte_limit = over_byte_limit;
      return outcome;
    };
    script_->values = [](metering::Period) {
      auto failure = *Failing(Disposition::kOpen, "http_status").failure;
      failure.detail = "404: not found";
      failure.retry_after = base::Milliseconds(7000);
      return source::Source::LabelValues{{}, failure};
    };
    const FetchResult result = Run();
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->disposition, Disposition::kOpen);
    EXPECT_EQ(result.failure->reason, "query_error");
    EXPECT_EQ(result.failure->detail,
              "422: too many samples; to ask in parts, the scopes could not be listed "
              "(http_status: 404: not found)");
    EXPECT_EQ(result.failure->retry_after, base::Milliseconds(7000));
  }
}

TEST_F(SplitFetch, LearnsFromOneRefusalWhatHoldsForTheBatchesThatWereNotSent) {
  Discoverable(Scopes(1000));
  request_.batch = 100;
  script_->query = AtMost(50, false);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 50U);
  EXPECT_THAT(result.answers, SizeIs(20));
  EXPECT_LE(script_->asked().size(), 22U);  // two were in flight
}

TEST_F(SplitFetch, EndsWithOneFailureWhileOtherBatchesAreUnderWay) {
  Discoverable(Scopes(1000));
  request_.batch = 100;
  concurrency_ = 3;
  FailFirst(1, [] { return Failing(Disposition::kOpen, "warnings"); });
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, "warnings");
  EXPECT_THAT(result.answers, SizeIs(0));
  EXPECT_LE(script_->asked().size(), 6U);  // what was not sent is not asked any more
}

TEST_F(SplitFetch, AsksForNoMoreOnceThereAreTooManySeries) {
  Discoverable(Scopes(1000));
  request_.batch = 10;
  request_.max_series = 3;
  script_->query = AtMost(10, false);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_GT(result.answers.size(), 3U);
  EXPECT_LE(script_->asked().size(), 6U);
}

}  // namespace
}  // namespace promtally::collector
