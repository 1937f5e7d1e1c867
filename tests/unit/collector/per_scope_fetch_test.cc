// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/collector/period_fetch_fixture.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

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

class FreeTextFetch : public PeriodFetchTest {};

TEST_F(FreeTextFetch, LeavesTheScopeToTheLabelWhereProvedFreeTextIsAskedOnceAScope) {
  spec_.query_suffix = "or max by (project_id) (y)";
  request_.per_scope = true;
  request_.scopes = {"p1", "p2"};
  const FetchResult result = Run();
  ASSERT_THAT(result.answers, SizeIs(2));
  EXPECT_EQ(result.queries[0].scope, "p1");
  EXPECT_FALSE(result.answers[0].asked_scope);
  EXPECT_THAT(result.answers[0].named_scopes, ElementsAre("p1"));
}

TEST_F(FreeTextFetch, NamesTheScopesOfABatchWhereFreeTextBringsInOthers) {
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

TEST_F(FreeTextFetch, AsksProvedFreeTextOnceForAllScopes) {
  spec_.query_suffix = "or max by (project_id) (y)";
  const FetchResult result = Run();
  ASSERT_THAT(script_->asked(), SizeIs(1));
  EXPECT_EQ(script_->asked()[0].text,
            "max(max_over_time(requests{}[3600s])) by (project_id) or max by (project_id) (y)");
  ASSERT_THAT(result.answers, SizeIs(1));
  EXPECT_THAT(result.answers[0].named_scopes, SizeIs(0));
}

}  // namespace
}  // namespace promtally::collector
