// SPDX-License-Identifier: Apache-2.0
#include "collector/catalogue.h"

#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CatalogueTest : public CollectorTest {
 protected:
  static const CatalogueSpec& Find(const Catalogue& catalogue, const std::string& name) {
    for (const CatalogueSpec& spec : catalogue.jobs.at(0).specs) {
      if (spec.stored.name == name) {
        return spec;
      }
    }
    throw std::out_of_range(name);
  }
  /// What a ledger knows of jobs and specs, one line each.
  static std::vector<std::string> KnownTo(ledger::Ledger& ledger) {
    std::vector<std::string> lines;
    const std::vector<ledger::Job> jobs = ledger.Jobs().value();
    for (const ledger::Job& job : jobs) {
      lines.push_back(job.name + " " + job.settings);
      const std::vector<ledger::Spec> specs = ledger.Specs(job.id).value();
      for (const ledger::Spec& spec : specs) {
        lines.push_back(spec.name + (spec.retired_at ? " retired" : ""));
        for (const ledger::SpecVersion& version : spec.versions) {
          lines.push_back(version.name + " " + base::ToText(version.valid_from) + " " +
                          version.definition);
        }
      }
    }
    return lines;
  }
  [[nodiscard]] std::vector<std::string> Known() const { return KnownTo(*OpenLedger()); }
  static metering::MetricSpec Changed(const std::string& name, const std::string& unit) {
    metering::MetricSpec spec = MakeSpec(name);
    spec.unit = unit;
    return spec;
  }
};

TEST_F(CatalogueTest, FixesTheFirstPeriodOfANewJobAtItsStart) {
  const Catalogue catalogue = Register({MakeSpec("a")});
  ASSERT_THAT(catalogue.jobs, SizeIs(1));
  EXPECT_THAT(catalogue.warnings, IsEmpty());
  const CatalogueSpec& spec = Find(catalogue, "a");
  EXPECT_EQ(spec.stored.first_period, Hour(0));
  EXPECT_EQ(spec.frontier, Hour(0));
  ASSERT_THAT(spec.stored.versions, SizeIs(1));
  EXPECT_EQ(spec.newest().valid_from, Hour(0));
  EXPECT_THAT(spec.newest().groupby, ElementsAre("code", "project_id"));
  ASSERT_TRUE(spec.versions.contains(spec.newest().id));
  EXPECT_EQ(spec.versions.at(spec.newest().id)->metric, "a_metric");
}

TEST_F(CatalogueTest, BeginsWithTheNewestCompletePeriodWithoutAStart) {
  job_.start.reset();
  now_ = Hour(10) + job_.schedule.settle;
  EXPECT_EQ(Find(Register({MakeSpec("a")}), "a").stored.first_period, Hour(9));
}

TEST_F(CatalogueTest, ChangesNothingThatIsThereAlready) {
  const Catalogue first = Register({MakeSpec("a")});
  now_ = Hour(30);
  const Catalogue second = Register({MakeSpec("a")});
  EXPECT_EQ(second.jobs[0].id, first.jobs[0].id);
  EXPECT_EQ(Find(second, "a").stored.id, Find(first, "a").stored.id);
  EXPECT_EQ(Find(second, "a").newest().id, Find(first, "a").newest().id);
  EXPECT_EQ(Find(second, "a").stored.first_period, Hour(0));
  EXPECT_THAT(Find(second, "a").stored.versions, SizeIs(1));
}

TEST_F(CatalogueTest, BeginsASpecOfARunningJobWithTheNextPeriod) {
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(5) + minutes(1);
  metering::MetricSpec backfilled = MakeSpec("c");
  backfilled.backfill = true;
  const Catalogue catalogue = Register({MakeSpec("a"), MakeSpec("b"), backfilled});
  EXPECT_EQ(Find(catalogue, "b").stored.first_period, Hour(6));
  EXPECT_EQ(Find(catalogue, "c").stored.first_period, Hour(0));
}

TEST_F(CatalogueTest, LetsAChangedSpecHoldFromTheNextPeriodOn) {
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(5) + minutes(1);
  const CatalogueSpec spec = Find(Register({Changed("a", "GiB")}), "a");
  ASSERT_THAT(spec.stored.versions, SizeIs(2));
  EXPECT_EQ(spec.newest().valid_from, Hour(6));
  EXPECT_EQ(spec.newest().unit, "GiB");
  EXPECT_THAT(spec.versions, SizeIs(2));
  EXPECT_EQ(ledger::VersionFor(spec.stored, Hour(5)).unit, "thing");
}

TEST_F(CatalogueTest, ReplacesAVersionThatNeverHeld) {
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(5) + minutes(1);
  static_cast<void>(Register({Changed("a", "GiB")}));
  now_ = Hour(5) + minutes(2);
  const CatalogueSpec spec = Find(Register({Changed("a", "KiB")}), "a");
  ASSERT_THAT(spec.stored.versions, SizeIs(2));
  EXPECT_EQ(spec.newest().unit, "KiB");
  EXPECT_EQ(spec.versions.at(spec.newest().id)->unit, "KiB");
}

TEST_F(CatalogueTest, MakesTheLastChangeTheNewestAlsoWhenTheClockWentBack) {
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(500);
  static_cast<void>(Register({Changed("a", "GiB")}));
  now_ = Hour(5);
  const CatalogueSpec spec = Find(Register({Changed("a", "KiB")}), "a");
  EXPECT_EQ(spec.newest().unit, "KiB");
  EXPECT_THAT(Find(Register({Changed("a", "KiB")}), "a").stored.versions, SizeIs(2));
}

TEST_F(CatalogueTest, TakesAnotherRoundingAsAChange) {
  static_cast<void>(Register({MakeSpec("a")}));
  job_.rounding = metering::RoundingMode::kCloudKitty;
  EXPECT_THAT(Find(Register({MakeSpec("a")}), "a").stored.versions, SizeIs(2));
}

TEST_F(CatalogueTest, RetiresASpecThatIsGoneAndTakesItBack) {
  static_cast<void>(Register({MakeSpec("a"), MakeSpec("b")}));
  now_ = Hour(5);
  const Catalogue without = Register({MakeSpec("b")});
  EXPECT_EQ(Find(without, "a").stored.retired_at, Hour(5));
  ASSERT_THAT(without.warnings, SizeIs(1));
  EXPECT_THAT(without.warnings[0], HasSubstr("\"a\" is no longer configured"));
  now_ = Hour(6);
  const Catalogue still = Register({MakeSpec("b")});
  EXPECT_THAT(still.warnings, IsEmpty());
  EXPECT_EQ(Find(still, "a").stored.retired_at, Hour(5));
  const Catalogue again = Register({MakeSpec("a"), MakeSpec("b")});
  EXPECT_EQ(Find(again, "a").stored.retired_at, std::nullopt);
  EXPECT_EQ(Find(again, "a").stored.id, Find(without, "a").stored.id);
  EXPECT_EQ(Find(again, "a").stored.first_period, Hour(0));
}

TEST_F(CatalogueTest, WarnsOfAChangedStartAndKeepsTheOldOne) {
  static_cast<void>(Register({MakeSpec("a")}));
  job_.start = Hour(-100);
  metering::MetricSpec backfilled = MakeSpec("b");
  backfilled.backfill = true;
  const Catalogue catalogue = Register({MakeSpec("a"), backfilled});
  ASSERT_THAT(catalogue.warnings, SizeIs(1));
  EXPECT_THAT(catalogue.warnings[0], HasSubstr("a changed start is ignored"));
  EXPECT_EQ(Find(catalogue, "a").stored.first_period, Hour(0));
  EXPECT_EQ(Find(catalogue, "b").stored.first_period, Hour(0));
}

TEST_F(CatalogueTest, RefusesAnotherPeriodOrScopeKeyUntilItIsAccepted) {
  static_cast<void>(Register({MakeSpec("a")}));
  const config::JobSettings before = job_;
  job_.schedule.period = minutes(30);
  const auto period = TryRegister({MakeSpec("a")});
  ASSERT_FALSE(period);
  EXPECT_EQ(period.error().code, base::ErrorCode::kConflict);
  EXPECT_THAT(period.error().message, HasSubstr("job \"default\""));
  job_ = before;
  job_.scope_key.reset();
  const auto scope_key = TryRegister({MakeSpec("a")});
  ASSERT_FALSE(scope_key);
  EXPECT_EQ(scope_key.error().code, base::ErrorCode::kConflict);
  EXPECT_TRUE(TryRegister({MakeSpec("a")}, true));
  EXPECT_TRUE(TryRegister({MakeSpec("a")}));
}

TEST_F(CatalogueTest, ChangesAllOrNothingWhereAWriteFails) {
  static_cast<void>(Register({MakeSpec("changed"), MakeSpec("gone"), MakeSpec("old")}));
  const std::vector<std::string> before = Known();
  now_ = Hour(20);
  job_.empty_after = std::chrono::hours(1);
  metering::MetricSpec renamed = MakeSpec("renamed");
  renamed.renamed_from = "old";
  const RegisterRequest request = RequestFor({Changed("changed", "GiB"), renamed, MakeSpec("new")});
  for (int call = 1;; ++call) {
    ASSERT_LT(call, 20);
    const auto calls = std::make_shared<LedgerCalls>();
    calls->fails_from = call;
    FailingLedger ledger(OpenLedger(), calls);
    const auto registered = collector::Register(ledger, request);
    if (registered) {
      EXPECT_EQ(call, 8) << "configuration, job, a changed, a renamed, a new and a retired spec";
      EXPECT_NE(KnownTo(ledger), before);
      break;
    }
    EXPECT_EQ(registered.error().code, base::ErrorCode::kUnavailable);
    EXPECT_EQ(KnownTo(ledger), before) << "call " << call;
  }
}

TEST_F(CatalogueTest, RefusesAScopeExpressionThatCannotBeRead) {
  job_.include_scopes = {"/(/"};
  const auto catalogue = TryRegister({MakeSpec("a")});
  ASSERT_FALSE(catalogue);
  EXPECT_EQ(catalogue.error().code, base::ErrorCode::kParse);
}

TEST_F(CatalogueTest, WarnsOfSpecsThatAreAskedOnceAScope) {
  metering::MetricSpec proved = MakeSpec("a");
  proved.query_suffix = "> 0";
  metering::MetricSpec ranking = MakeSpec("b");
  ranking.query_prefix = "topk(3,";
  ranking.query_suffix = ")";
  const Catalogue catalogue = Register({proved, ranking});
  ASSERT_THAT(catalogue.warnings, SizeIs(1));
  EXPECT_THAT(catalogue.warnings[0],
              HasSubstr("\"b\" is asked once a scope: topk ranks across values of \"project_id\""));
}

}  // namespace
}  // namespace promtally::collector
