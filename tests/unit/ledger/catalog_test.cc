// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using LedgerCatalog = LedgerTest;

TEST_F(LedgerCatalog, FindsNoJobThatIsNotThere) {
  const auto job = ledger_->FindJob("other");
  ASSERT_TRUE(job);
  EXPECT_FALSE(*job);
}

TEST_F(LedgerCatalog, KeepsAJobsSchedule) {
  Job job;
  job.name = "edge";
  job.schedule = {base::Seconds(600), 3, base::Milliseconds(1500)};
  job.start = Hour(-5);
  const auto id = ledger_->PutJob(job, false);
  ASSERT_TRUE(id);
  const auto found = ledger_->FindJob("edge");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, *id);
  EXPECT_EQ((*found)->schedule.period, base::Seconds(600));
  EXPECT_EQ((*found)->schedule.wait_periods, 3);
  EXPECT_EQ((*found)->schedule.settle, base::Milliseconds(1500));
  EXPECT_EQ((*found)->start, Hour(-5));
  EXPECT_FALSE((*found)->scope_key);
}

TEST_F(LedgerCatalog, UpdatesWhatIsNoIdentity) {
  job_.schedule.wait_periods = 5;
  EXPECT_EQ(ledger_->PutJob(job_, false).value_or(-1), job_.id);
  EXPECT_EQ(ledger_->FindJob("default")->value().schedule.wait_periods, 5);
}

TEST_F(LedgerCatalog, RefusesAnotherPeriodUnlessAccepted) {
  job_.schedule.period = base::Seconds(1800);
  const auto refused = ledger_->PutJob(job_, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("1h"));
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("30m"));
  EXPECT_EQ(ledger_->FindJob("default")->value().schedule.period, base::Seconds(3600));
  EXPECT_TRUE(ledger_->PutJob(job_, true));
  EXPECT_EQ(ledger_->FindJob("default")->value().schedule.period, base::Seconds(1800));
}

TEST_F(LedgerCatalog, TellsAnAbsentScopeKeyFromAnother) {
  job_.scope_key.reset();
  const auto refused = ledger_->PutJob(job_, false);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("no scope key"));
}

TEST_F(LedgerCatalog, KeepsAConfigurationOnce) {
  const auto first = ledger_->RecordConfig("a: 1", Hour(0));
  const auto other = ledger_->RecordConfig("a: 2", Hour(1));
  const auto again = ledger_->RecordConfig("a: 1", Hour(2));
  ASSERT_TRUE(first && other && again);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
}

TEST_F(LedgerCatalog, ReturnsSpecsWithTheirVersionsInOrder) {
  SpecVersion next = spec_.versions.front();
  next.valid_from = Hour(10);
  next.unit = "call";
  next.metadata = {"zone", "quoted \" name"};
  next.rounding = metering::RoundingMode::kCloudKitty;
  ASSERT_TRUE(ledger_->AddVersion(spec_.id, next, config_id_));
  const auto specs = ledger_->Specs(job_.id);
  ASSERT_TRUE(specs);
  ASSERT_EQ(specs->size(), 1U);
  const Spec& spec = specs->front();
  EXPECT_EQ(spec.first_period, Hour(0));
  ASSERT_EQ(spec.versions.size(), 2U);
  EXPECT_EQ(spec.versions[1].unit, "call");
  EXPECT_EQ(spec.versions[1].metadata, next.metadata);
  EXPECT_EQ(spec.versions[1].rounding, metering::RoundingMode::kCloudKitty);
  EXPECT_EQ(VersionFor(spec, Hour(9)).unit, "request");
  EXPECT_EQ(VersionFor(spec, Hour(10)).unit, "call");
  EXPECT_EQ(VersionFor(spec, Hour(-3)).unit, "request");
}

TEST_F(LedgerCatalog, ReplacesAVersionThatNoPeriodUses) {
  SpecVersion next = spec_.versions.front();
  next.valid_from = Hour(10);
  const auto first = ledger_->AddVersion(spec_.id, next, config_id_);
  next.unit = "call";
  const auto second = ledger_->AddVersion(spec_.id, next, config_id_);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(ledger_->Specs(job_.id)->front().versions.size(), 2U);
}

TEST_F(LedgerCatalog, KeepsAVersionThatAPeriodUses) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  SpecVersion next = spec_.versions.front();
  next.unit = "call";
  ASSERT_TRUE(ledger_->AddVersion(spec_.id, next, config_id_));
  const auto specs = ledger_->Specs(job_.id);
  ASSERT_EQ(specs->front().versions.size(), 2U);
  EXPECT_EQ(VersionFor(specs->front(), Hour(0)).unit, "call");
  const auto totals = OpenReader()->Totals({}, {});
  EXPECT_EQ(totals->at(0).unit, "request");
}

TEST_F(LedgerCatalog, RefusesASecondSpecOfAName) {
  const auto again = ledger_->AddSpec(spec_, config_id_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::ErrorCode::kConflict);
}

TEST_F(LedgerCatalog, RetiresASpecAndTakesItBack) {
  ASSERT_TRUE(ledger_->SetRetired(spec_.id, Hour(4)));
  EXPECT_EQ(ledger_->Specs(job_.id)->front().retired_at, Hour(4));
  ASSERT_TRUE(ledger_->SetRetired(spec_.id, std::nullopt));
  EXPECT_FALSE(ledger_->Specs(job_.id)->front().retired_at);
}

TEST_F(LedgerCatalog, FindsAServerByItsEdgeRuleToo) {
  const auto open = ledger_->RecordServer("s", "prometheus", "2.42.0", false, Hour(0));
  const auto closed = ledger_->RecordServer("s", "prometheus", "2.42.0", true, Hour(0));
  const auto unknown = ledger_->RecordServer("s", "prometheus", "2.42.0", std::nullopt, Hour(0));
  const auto again = ledger_->RecordServer("s", "prometheus", "2.42.0", std::nullopt, Hour(9));
  ASSERT_TRUE(open && closed && unknown && again);
  EXPECT_NE(*open, *closed);
  EXPECT_NE(*closed, *unknown);
  EXPECT_EQ(*unknown, *again);
}

TEST_F(LedgerCatalog, RemembersTheEarliestUpSamplesOfASource) {
  EXPECT_EQ(ledger_->UpSamplesSince("prometheus").value(), std::nullopt);
  ASSERT_TRUE(ledger_->RecordCoverage("prometheus", {Hour(2), Hour(3)}, 60));
  ASSERT_TRUE(ledger_->RecordCoverage("prometheus", {Hour(0), Hour(1)}, 60));
  ASSERT_TRUE(ledger_->RecordCoverage("prometheus", {Hour(-1), Hour(0)}, 0));
  ASSERT_TRUE(ledger_->RecordCoverage("prometheus", {Hour(1), Hour(2)}, 60));
  EXPECT_EQ(ledger_->UpSamplesSince("prometheus").value(), Hour(1));
  EXPECT_EQ(ledger_->UpSamplesSince("other").value(), std::nullopt);
}

TEST_F(LedgerCatalog, RemembersTheStoresOfASource) {
  const auto seen = [&](std::string_view source, const std::vector<std::string>& now_there, int now,
                        int since) {
    std::vector<std::string> known;
    const auto stores = ledger_->SeeStores(source, now_there, Hour(now), Hour(since));
    for (const SeenStore& store : stores.value()) {
      known.push_back(store.labels + " " + base::ToText(store.seen_at).substr(11, 2));
    }
    return known;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(seen("s", {"{a}", "{b}"}, 1, 0), ElementsAre("{a} 01", "{b} 01"));
  EXPECT_THAT(seen("s", {"{b}"}, 3, 0), ElementsAre("{a} 01", "{b} 03"));
  EXPECT_THAT(seen("s", {}, 4, 1), ElementsAre("{b} 03"));
  EXPECT_THAT(seen("other", {}, 4, 0), ElementsAre());
}

TEST_F(LedgerCatalog, NamesWhatIsWrongWhenARowHasNoJob) {
  Spec orphan = spec_;
  orphan.job_id = 999;
  const auto added = ledger_->AddSpec(orphan, config_id_);
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, ::testing::HasSubstr(path_));
  EXPECT_THAT(added.error().message, ::testing::HasSubstr("FOREIGN KEY"));
}

}  // namespace
}  // namespace promtally::ledger
