// SPDX-License-Identifier: Apache-2.0
#include "collector/completeness.h"

#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using source::Store;
using source::StoreList;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Store Living(const std::string& labels) { return {"addr", true, "", {labels}}; }
Store Dead(const std::string& labels) { return {"10.0.0.5:10901", false, "refused", {labels}}; }

/// Questions are held until the test answers them.
class CompletenessTest : public testing::Test {
 protected:
  void Begin(const std::string& kind) {
    completeness_.Begin(kind, [this] { begun_ = true; });
  }
  void Answer(StoreList list) {
    const auto done = std::exchange(lists_, {}).at(0);
    done(std::move(list));
  }
  void Confirm(int hour = 0) {
    completeness_.Confirm(HourPeriod(hour), [this](const Completeness::Lack& lack) {
      found_.push_back(lack ? lack->reason + ": " + lack->detail : "whole");
    });
  }

  std::vector<std::function<void(StoreList)>> lists_;
  std::vector<base::Instant> evaluated_;
  source::QueryOutcome evaluation_ = Answered({{{}, "1"}});
  bool begun_ = false;
  std::vector<std::string> found_;
  Completeness completeness_{
      {.list_stores = [this](auto done) { lists_.push_back(std::move(done)); },
       .evaluate =
           [this](base::Instant time, const auto& done) {
             evaluated_.push_back(time);
             done(evaluation_);
           }}};
};

TEST_F(CompletenessTest, AsksNothingOfAServerThatHidesNothing) {
  for (const char* kind : {"prometheus", "victoriametrics", "unknown"}) {
    Begin(kind);
    EXPECT_TRUE(std::exchange(begun_, false));
    Confirm();
  }
  EXPECT_THAT(found_, ElementsAre("whole", "whole", "whole"));
  EXPECT_THAT(lists_, SizeIs(0));
  EXPECT_THAT(evaluated_, SizeIs(0));
}

TEST_F(CompletenessTest, AsksForTheStoresBeforeAndAfter) {
  Begin("thanos");
  EXPECT_FALSE(begun_);
  Answer({{Living("{a}"), Living("{b}")}, {}});
  EXPECT_TRUE(begun_);
  EXPECT_THAT(completeness_.listed(), ElementsAre("{a}", "{b}"));
  EXPECT_FALSE(completeness_.lack());
  Confirm();
  Answer({{Living("{a}"), Living("{b}")}, {}});
  EXPECT_THAT(found_, ElementsAre("whole"));
}

TEST_F(CompletenessTest, NamesTheStoreThatDiedDuringTheQueries) {
  Begin("thanos");
  Answer({{Living("{a}"), Living("{b}")}, {}});
  Confirm();
  Answer({{Living("{a}"), Dead("{b}")}, {}});
  EXPECT_THAT(found_, ElementsAre("partial: store 10.0.0.5:10901 {b} does not answer: refused"));
  EXPECT_TRUE(completeness_.lack()) << "nothing more need be asked";
}

TEST_F(CompletenessTest, FindsAStoreThatIsNotListedAnyMore) {
  Begin("thanos");
  Answer({{Living("{a}"), Living("{b}")}, {}});
  Confirm();
  Answer({{Living("{a}")}, {}});
  EXPECT_THAT(found_, ElementsAre(HasSubstr("partial: the store {b} is not listed any more")));
}

TEST_F(CompletenessTest, FindsAStoreThatAnEarlierRunHadSeen) {
  Begin("thanos");
  Answer({{Living("{a}")}, {}});
  completeness_.Remember({{"{a}", Hour(1)}});
  EXPECT_FALSE(completeness_.lack());
  completeness_.Remember({{"{a}", Hour(1)}, {"{b}", Hour(1)}});
  ASSERT_TRUE(completeness_.lack());
  EXPECT_THAT(completeness_.lack()->detail, HasSubstr("{b}"));
  EXPECT_THAT(completeness_.lack()->detail, HasSubstr("last seen 2025-06-01T01:00:00Z"));
}

TEST_F(CompletenessTest, LooksAgainInTheNextRun) {
  Begin("thanos");
  Answer({{Dead("{b}")}, {}});
  EXPECT_TRUE(completeness_.lack());
  Begin("thanos");
  Answer({{Living("{b}")}, {}});
  EXPECT_FALSE(completeness_.lack());
}

TEST_F(CompletenessTest, OneQuestionAnswersAllWhoAskedBeforeItWasSent) {
  Begin("thanos");
  Answer({{Living("{a}")}, {}});
  Confirm();
  Confirm();
  Confirm();
  EXPECT_THAT(lists_, SizeIs(1));
  Answer({{Living("{a}")}, {}});
  EXPECT_THAT(found_, ElementsAre("whole"));
  EXPECT_THAT(lists_, SizeIs(1)) << "the two that came later wait for a later list";
  Answer({{Dead("{a}")}, {}});
  EXPECT_THAT(found_, SizeIs(3));
  EXPECT_THAT(found_[1], HasSubstr("partial"));
  EXPECT_THAT(lists_, SizeIs(0));
}

TEST_F(CompletenessTest, AListThatCannotBeHadConcernsThatQuestionAlone) {
  Begin("thanos");
  Answer({{Living("{a}")}, {}});
  StoreList none;
  none.failure = Unreachable().failure;
  Confirm();
  Answer(none);
  EXPECT_THAT(found_, ElementsAre(HasSubstr("unreachable")));
  EXPECT_FALSE(completeness_.lack());
  Begin("thanos");
  Answer(none);
  ASSERT_TRUE(completeness_.lack()) << "at the begin nothing is known without it";
  EXPECT_EQ(completeness_.lack()->reason, "unreachable");
}

TEST_F(CompletenessTest, DropsWhoWaitsWhenTheRunIsAbandoned) {
  Begin("thanos");
  completeness_.Abandon();
  Begin("thanos");
  EXPECT_THAT(lists_, SizeIs(2)) << "asks again although the first was never answered";
}

TEST_F(CompletenessTest, AsksMimirOnceHowFarItLooksBack) {
  Begin("mimir");
  EXPECT_TRUE(begun_);
  Confirm(1);
  Confirm(2);
  Confirm(3);
  EXPECT_THAT(evaluated_, ElementsAre(Hour(1)));
  Confirm(0);
  EXPECT_THAT(evaluated_, ElementsAre(Hour(1), Hour(0)));
  EXPECT_THAT(found_, ElementsAre("whole", "whole", "whole", "whole"));
}

TEST_F(CompletenessTest, APeriodWhoseBeginIsBeyondMimirsLookBackIsLost) {
  Begin("mimir");
  evaluation_ = Failing(source::Disposition::kPermanent, "lost");
  Confirm(1);
  EXPECT_THAT(found_, ElementsAre("lost: the server does not look back to the period's begin"));
  evaluation_ = Unreachable();
  Confirm(2);
  EXPECT_THAT(found_.back(), HasSubstr("unreachable"));
  EXPECT_FALSE(completeness_.lack()) << "later periods are asked";
}

}  // namespace
}  // namespace promtally::collector
