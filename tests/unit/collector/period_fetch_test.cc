// SPDX-License-Identifier: Apache-2.0
#include "collector/period_fetch.h"

#include <algorithm>
#include <atomic>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/collector/scripted_source.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using source::QueryOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr base::Instant kBegin = base::FromUnixSeconds(1748736000);
const metering::Period kPeriod{kBegin, kBegin + std::chrono::hours(1)};

class PeriodFetchTest : public ::testing::Test {
 protected:
  PeriodFetchTest() {
    spec_.metric = spec_.name = "requests";
    spec_.groupby = {"project_id"};
    request_.scope_key = "project_id";
    request_.period = kPeriod;
  }

  FetchResult Run() {
    if (!gate_) {
      gate_ = std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_),
                                           concurrency_);
    }
    request_.spec = std::make_shared<const metering::MetricSpec>(spec_);
    std::optional<FetchResult> fetched;
    auto guard = boost::asio::make_work_guard(loop_);
    loop_.restart();
    Fetch(gate_, request_, [&](FetchResult result) {
      EXPECT_FALSE(fetched) << "done was called twice";
      fetched = std::move(result);
      guard.reset();
    });
    loop_.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(fetched) << "the fetch did not end";
    return fetched.value_or(FetchResult{});
  }

  /// Fails the first `times` queries with what `failure` makes.
  void FailFirst(int times, std::function<QueryOutcome()> failure) {
    script_->query = [this, times, failure = std::move(failure)](const AskedQuery&) {
      return ++answered_ <= times ? failure() : Answered({{{{"project_id", "p1"}}, "5"}});
    };
  }

  void Discoverable(std::vector<std::string> scopes) {
    script_->values = [scopes = std::move(scopes)](metering::Period) {
      return source::Source::LabelValues{scopes, std::nullopt};
    };
  }

  boost::asio::io_context loop_;
  std::shared_ptr<SourceScript> script_ = std::make_shared<SourceScript>();
  std::shared_ptr<SourceGate> gate_;
  metering::MetricSpec spec_;
  FetchRequest request_;
  int concurrency_ = 2;
  std::atomic<int> answered_ = 0;
};

std::vector<std::string> Scopes(int count) {
  std::vector<std::string> scopes;
  for (int i = 0; i < count; ++i) {
    scopes.push_back("p" + std::to_string(1000 + i));
  }
  return scopes;
}

/// How many scopes a query names.
std::size_t ScopesIn(const AskedQuery& query) {
  if (query.text.find("project_id=") == std::string::npos) {
    return 0;
  }
  return 1 + static_cast<std::size_t>(std::count(query.text.begin(), query.text.end(), '|'));
}

/// Answers a query that names at most `most` scopes, and finds any other too much.
std::function<QueryOutcome(const AskedQuery&)> AtMost(std::size_t most, bool over_byte_limit) {
  return [=](const AskedQuery& query) {
    if (const std::size_t scopes = ScopesIn(query); scopes > 0 && scopes <= most) {
      return Answered({{{{"project_id", "x" + std::to_string(scopes)}}, "1"}});
    }
    QueryOutcome outcome =
        Failing(Disposition::kSplit, over_byte_limit ? "too_large" : "query_error");
    outcome.failure->over_byte_limit = over_byte_limit;
    return outcome;
  };
}

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

TEST_F(PeriodFetchTest, SplitsAnAnswerThatIsTooLargeByTheScopesThatThereAre) {
  Discoverable(Scopes(250));
  script_->query = AtMost(100, true);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 100U);
  EXPECT_THAT(result.answers, SizeIs(3));
  EXPECT_THAT(result.queries, SizeIs(3));
  EXPECT_THAT(script_->asked(), SizeIs(4));
}

TEST_F(PeriodFetchTest, HalvesUntilEveryPartIsSmallEnough) {
  Discoverable(Scopes(100));
  script_->query = AtMost(30, false);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 25U);
  EXPECT_THAT(result.answers, SizeIs(4));
}

TEST_F(PeriodFetchTest, StartsWithTheBatchThatWorkedBefore) {
  Discoverable(Scopes(60));
  request_.batch = 25;
  script_->query = AtMost(25, true);
  EXPECT_FALSE(Run().failure);
  EXPECT_THAT(script_->asked(), SizeIs(3));
}

TEST_F(PeriodFetchTest, RemembersTheHalfOfAListThatWasTooLarge) {
  request_.scopes = Scopes(80);
  script_->query = AtMost(40, true);
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.batch, 40U);
}

TEST_F(PeriodFetchTest, FailsOneScopeThatIsOverTheByteLimit) {
  Discoverable({"p1"});
  script_->query = AtMost(0, true);
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->disposition, Disposition::kPermanent);
  EXPECT_EQ(result.failure->reason, "too_large");
}

TEST_F(PeriodFetchTest, LeavesOneScopeWithAQueryErrorOpen) {
  Discoverable({"p1"});
  script_->query = AtMost(0, false);
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->disposition, Disposition::kOpen);
  EXPECT_EQ(result.failure->reason, "query_error");
}

TEST_F(PeriodFetchTest, FailsWhatIsTooLargeWithoutScopes) {
  request_.scope_key.reset();
  script_->query = AtMost(0, true);
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, "too_large");
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

TEST_F(PeriodFetchTest, FailsAListOfScopesThatIsTooLargeItself) {
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

TEST_F(PeriodFetchTest, EndsWithOneFailureWhileOtherBatchesAreUnderWay) {
  Discoverable(Scopes(300));
  request_.batch = 100;
  concurrency_ = 3;
  FailFirst(1, [] { return Failing(Disposition::kOpen, "warnings"); });
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, "warnings");
  EXPECT_THAT(result.answers, SizeIs(0));
}

class PerScopeFetch : public PeriodFetchTest {
 protected:
  PerScopeFetch() { spec_.query_suffix = "or vector(0)"; }
};

TEST_F(PerScopeFetch, AsksOnceForEachScopeThatItDiscovers) {
  Discoverable({"p1", "p2", "p3"});
  auto filter = metering::ScopeFilter::Make({}, {"p2"});
  ASSERT_TRUE(filter);
  request_.filter = std::make_shared<const metering::ScopeFilter>(*std::move(filter));
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  ASSERT_THAT(result.answers, SizeIs(2));
  EXPECT_EQ(result.answers[0].asked_scope, "p1");
  EXPECT_EQ(result.answers[1].asked_scope, "p3");
  EXPECT_THAT(script_->asked()[1].text, HasSubstr(R"({project_id="p3"})"));
}

TEST_F(PerScopeFetch, TakesAnEmptyDiscoveryAsTheEvidenceOfAnEmptyPeriod) {
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_THAT(script_->asked(), SizeIs(0));
  ASSERT_THAT(result.queries, SizeIs(1));
  EXPECT_EQ(result.queries[0].text, R"(requests{project_id!=""})");
  ASSERT_THAT(result.answers, SizeIs(1));
  EXPECT_EQ(result.answers[0].answer.size(), 0U);
}

TEST_F(PerScopeFetch, TriesDiscoveryAgain) {
  script_->values = [this](metering::Period) {
    return ++answered_ == 1 ? source::Source::LabelValues{{}, Unreachable().failure}
                            : source::Source::LabelValues{{"p1"}, std::nullopt};
  };
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  EXPECT_THAT(result.answers, SizeIs(1));
  EXPECT_EQ(result.attempts, 2);
}

TEST_F(PerScopeFetch, RejectsTheScopeWhoseQueryIsWrongAndKeepsTheRest) {
  Discoverable({"p1", "p2"});
  script_->query = [](const AskedQuery& query) {
    return query.text.find("\"p1\"") != std::string::npos
               ? Failing(Disposition::kPermanent, "query_error")
               : Answered({{{}, "3"}});
  };
  const FetchResult result = Run();
  EXPECT_FALSE(result.failure);
  ASSERT_THAT(result.rejected, SizeIs(1));
  EXPECT_EQ(result.rejected[0].reason, "query_error");
  EXPECT_THAT(result.rejected[0].labels, ElementsAre(std::pair("project_id", "p1")));
  ASSERT_THAT(result.answers, SizeIs(1));
  EXPECT_EQ(result.answers[0].asked_scope, "p2");
}

TEST_F(PerScopeFetch, FailsTheSpecWhereEveryScopesQueryIsWrong) {
  Discoverable({"p1", "p2"});
  script_->query = [](const AskedQuery&) {
    return Failing(Disposition::kPermanent, "query_error");
  };
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->disposition, Disposition::kPermanent);
  EXPECT_THAT(result.rejected, SizeIs(0));
}

TEST_F(PerScopeFetch, KeepsThePeriodOpenWhereOneScopeCannotBeAsked) {
  Discoverable({"p1", "p2"});
  script_->query = [](const AskedQuery& query) {
    return query.text.find("\"p1\"") != std::string::npos ? Failing(Disposition::kOpen, "partial")
                                                          : Answered({{{}, "3"}});
  };
  const FetchResult result = Run();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, "partial");
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
  loop_.run_for(std::chrono::seconds(20));
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
  while (answered_ == 0 && std::chrono::steady_clock::now() - started < std::chrono::seconds(20)) {
    loop_.run_one_for(std::chrono::seconds(1));
  }
  guard.reset();
  loop_.run_for(std::chrono::seconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(4));
  EXPECT_THAT(script_->asked(), SizeIs(1));
}

TEST_F(PeriodFetchTest, AsksProvedFreeTextOnceForAllScopes) {
  spec_.query_suffix = "or max by (project_id) (y)";
  const FetchResult result = Run();
  ASSERT_THAT(script_->asked(), SizeIs(1));
  EXPECT_EQ(script_->asked()[0].text,
            "max(max_over_time(requests{}[3600s])) by (project_id) or max by (project_id) (y)");
  ASSERT_THAT(result.answers, SizeIs(1));
  EXPECT_THAT(result.answers[0].named_scopes, SizeIs(0));
}

TEST_F(PeriodFetchTest, NamesTheScopesOfABatchWhereFreeTextBringsInOthers) {
  spec_.query_suffix = "or max by (project_id) (y offset 1d)";
  request_.batch = 2;
  Discoverable({"p1", "p2", "p3"});
  const FetchResult result = Run();
  ASSERT_THAT(script_->discoveries(), SizeIs(1));
  EXPECT_THAT(script_->discoveries()[0].selectors,
              ElementsAre("requests{project_id!=\"\"}", "y{project_id!=\"\"}"));
  EXPECT_EQ(script_->discoveries()[0].span.begin, kPeriod.end - std::chrono::minutes(24 * 60 + 5));
  EXPECT_EQ(script_->discoveries()[0].span.end, kPeriod.end);
  ASSERT_THAT(result.answers, SizeIs(2));
  std::vector<std::string> named;
  for (const metering::ScopedAnswer& answer : result.answers) {
    named.insert(named.end(), answer.named_scopes.begin(), answer.named_scopes.end());
  }
  std::sort(named.begin(), named.end());
  EXPECT_THAT(named, ElementsAre("p1", "p2", "p3"));
}

TEST_F(PeriodFetchTest, LeavesTheScopeToTheLabelWhereProvedFreeTextIsAskedOnceAScope) {
  spec_.query_suffix = "or max by (project_id) (y)";
  request_.per_scope = true;
  request_.scopes = {"p1", "p2"};
  const FetchResult result = Run();
  ASSERT_THAT(result.answers, SizeIs(2));
  EXPECT_EQ(result.queries[0].scope, "p1");
  EXPECT_FALSE(result.answers[0].asked_scope);
  EXPECT_THAT(result.answers[0].named_scopes, ElementsAre("p1"));
}

}  // namespace
}  // namespace promtally::collector
