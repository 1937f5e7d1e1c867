// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using UsageTotals = LedgerTest;
using UsageRecords = LedgerTest;
using LedgerStatus = LedgerTest;

std::vector<std::string> Quantities(const std::vector<UsageTotal>& totals) {
  std::vector<std::string> texts;
  for (const UsageTotal& total : totals) {
    std::string text = total.name;
    text += total.scope ? "/" + *total.scope : "";
    for (const auto& [name, value] : total.groupby) {
      text += "/" + value;
    }
    texts.push_back(text + "=" + total.quantity.ToText());
  }
  return texts;
}

TEST_F(UsageTotals, AddsUpEverythingOfASpec) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "0.1"), Requests("p2", "200", "0.2")}));
  ASSERT_TRUE(Commit(2, {Requests("p1", "200", "0.3"), Requests("p1", "500", "-0.2")}));
  const auto totals = OpenReader()->Totals({}, {});
  ASSERT_TRUE(totals);
  ASSERT_EQ(totals->size(), 1U);
  EXPECT_EQ(totals->front().quantity.ToText(), "0.4");
  EXPECT_EQ(totals->front().records, 4);
  EXPECT_EQ(totals->front().job, "default");
  EXPECT_EQ(totals->front().unit, "request");
  EXPECT_EQ(totals->front().extent, (metering::Period{Hour(0), Hour(3)}));
  EXPECT_FALSE(totals->front().scope);
}

TEST_F(UsageTotals, GroupsByScopeAndLabelsInOrder) {
  ASSERT_TRUE(Commit(
      0, {Requests("p2", "200", "1"), Requests("p1", "500", "2"), Requests("p1", "200", "4")}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "500", "8")}));
  const auto reader = OpenReader();
  EXPECT_THAT(
      Quantities(*reader->Totals({}, {.by_scope = true, .labels = {"code"}})),
      ::testing::ElementsAre("requests/p1/200=4", "requests/p1/500=10", "requests/p2/200=1"));
  EXPECT_THAT(Quantities(*reader->Totals({}, {.by_scope = false, .labels = {"code"}})),
              ::testing::ElementsAre("requests/200=5", "requests/500=10"));
  EXPECT_THAT(Quantities(*reader->Totals({}, {.by_scope = true, .labels = {}})),
              ::testing::ElementsAre("requests/p1=14", "requests/p2=1"));
}

TEST_F(UsageTotals, GroupsALabelThatNoRecordHasAsEmpty) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  EXPECT_THAT(Quantities(*OpenReader()->Totals({}, {.by_scope = false, .labels = {"nope"}})),
              ::testing::ElementsAre("requests/=1"));
}

UsageFilter Range(std::optional<base::Instant> begin, std::optional<base::Instant> end) {
  UsageFilter filter;
  filter.begin = begin;
  filter.end = end;
  return filter;
}

TEST_F(UsageTotals, TakesPeriodsThatBeginInTheRange) {
  for (int hour = 0; hour < 4; ++hour) {
    ASSERT_TRUE(Commit(hour, {Requests("p1", "200", std::to_string(1 << hour))}));
  }
  const auto reader = OpenReader();
  EXPECT_THAT(Quantities(*reader->Totals(Range(Hour(1), Hour(3)), {})),
              ::testing::ElementsAre("requests=6"));
  EXPECT_THAT(Quantities(*reader->Totals(Range(Hour(3), std::nullopt), {})),
              ::testing::ElementsAre("requests=8"));
  EXPECT_TRUE(reader->Totals(Range(Hour(9), std::nullopt), {})->empty());
}

TEST_F(UsageTotals, KeepsUnitsApart) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  SpecVersion next = spec_.versions.front();
  next.valid_from = Hour(1);
  next.unit = "call";
  spec_.versions.push_back(ledger_->AddVersion(spec_.id, next, config_id_).value());
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "2")}));
  const auto totals = OpenReader()->Totals({}, {});
  ASSERT_TRUE(totals);
  ASSERT_EQ(totals->size(), 2U);
  EXPECT_EQ(totals->at(0).unit, "call");
  EXPECT_EQ(totals->at(1).unit, "request");
}

TEST_F(UsageTotals, AreWhatTheViewForAnalystsAddsUpTo) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "36"), Requests("p2", "200", "1.5")}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "4"), Requests("p1", "500", "NaN")}));
  EXPECT_EQ(QueryText("select job, name, metric, unit, kind, scope, begin, end, revision, quantity,"
                      " json_extract(labels, '$.code') from usage order by begin, scope"),
            "default|requests|http_requests_total|request|measured|p1|2025-06-01T00:00:00Z|"
            "2025-06-01T01:00:00Z|0|36|200\n"
            "default|requests|http_requests_total|request|measured|p2|2025-06-01T00:00:00Z|"
            "2025-06-01T01:00:00Z|0|1.5|200\n"
            "default|requests|http_requests_total|request|measured|p1|2025-06-01T01:00:00Z|"
            "2025-06-01T02:00:00Z|0|4|200\n");
  // The example of docs/ledger.md.
  EXPECT_EQ(QueryText("select scope, json_extract(labels, '$.code') as code, count(*) as records,"
                      " sum(quantity) as requests from usage where name = 'requests'"
                      " and begin >= '2025-06-01T00:00:00Z' and begin < '2025-07-01T00:00:00Z'"
                      " group by scope, code order by scope, code"),
            "p1|200|2|40\np2|200|1|1.5\n");
}

TEST_F(UsageRecords, ComeBySpecAndPeriod) {
  const Spec first = AddSpec("a_spec", Hour(0));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "1")}));
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "2")}));
  PeriodCommit other = Prepare(5, {Requests("p1", "200", "3")});
  other.spec_id = first.id;
  other.version_id = first.versions.front().id;
  ASSERT_TRUE(ledger_->Commit(other));
  std::vector<std::string> seen;
  ASSERT_TRUE(OpenReader()->Records({}, [&](const metering::UsageRecord& record) {
    seen.push_back(record.name + "=" + record.quantity);
    return true;
  }));
  EXPECT_THAT(seen, ::testing::ElementsAre("a_spec=3", "requests=2", "requests=1"));
}

TEST_F(UsageRecords, StopWhenTheVisitorHasEnough) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1"), Requests("p2", "200", "1")}));
  int seen = 0;
  ASSERT_TRUE(OpenReader()->Records({}, [&](const metering::UsageRecord&) {
    ++seen;
    return false;
  }));
  EXPECT_EQ(seen, 1);
}

TEST_F(UsageRecords, SplitLabelsAsTheirVersionDid) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  SpecVersion next = spec_.versions.front();
  next.valid_from = Hour(1);
  next.groupby = {"code", "zone", "project_id"};
  next.metadata = {"code"};
  spec_.versions.push_back(ledger_->AddVersion(spec_.id, next, config_id_).value());
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "1")}));
  std::vector<metering::UsageRecord> records;
  ASSERT_TRUE(OpenReader()->Records({}, [&](const metering::UsageRecord& record) {
    records.push_back(record);
    return true;
  }));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].metadata, (metering::OrderedLabels{{"zone", "a"}}));
  EXPECT_EQ(records[1].groupby,
            (metering::OrderedLabels{{"code", "200"}, {"zone", "a"}, {"project_id", "p1"}}));
  EXPECT_EQ(records[1].metadata, (metering::OrderedLabels{{"code", "200"}}));
  EXPECT_EQ(QueryText("select count(*) from series"), "1\n");
}

TEST_F(UsageRecords, HaveNoScopeInAJobWithoutScopeKey) {
  Job job;
  job.name = "unscoped";
  job.id = ledger_->PutJob(job, false).value();
  job_ = job;
  const Spec spec = AddSpec("requests", Hour(0));
  context_.scope_key.reset();
  metric_spec_.groupby = {"code"};
  PeriodCommit commit = Prepare(0, {Requests("p1", "200", "1")});
  commit.spec_id = spec.id;
  commit.version_id = spec.versions.front().id;
  ASSERT_TRUE(ledger_->Commit(commit));
  ASSERT_TRUE(OpenReader()->Records({}, [&](const metering::UsageRecord& record) {
    EXPECT_FALSE(record.scope);
    EXPECT_EQ(record.job, "unscoped");
    return true;
  }));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerStatus, CountsStatesAndNamesPendingPeriods) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1"), Requests("p1", "500", "NaN")}));
  ASSERT_TRUE(Commit(1, {}));
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(3, PeriodState::kFailed, "wrong_type")));
  // With two periods to wait the newest due one at hour 7 begins at hour 5.
  const auto statuses = OpenReader()->Statuses(Hour(7));
  ASSERT_TRUE(statuses);
  ASSERT_EQ(statuses->size(), 1U);
  const SpecStatus& status = statuses->front();
  EXPECT_EQ(status.committed, 1);
  EXPECT_EQ(status.empty, 1);
  EXPECT_EQ(status.failed, 1);
  EXPECT_EQ(status.open, 3);
  EXPECT_EQ(status.rejected, 1);
  EXPECT_EQ(status.first_period, Hour(0));
  EXPECT_EQ(status.last_committed, Hour(0));
  EXPECT_EQ(status.lag, std::chrono::hours(4));
  std::vector<std::string> unfinished;
  for (const PeriodEntry& entry : status.unfinished) {
    unfinished.push_back(base::ToText(entry.period.begin).substr(11, 2) + entry.reason);
  }
  EXPECT_THAT(unfinished,
              ::testing::ElementsAre("02pending", "03wrong_type", "04pending", "05pending"));
}

TEST_F(LedgerStatus, HasNoLagWhenNothingIsMissing) {
  ASSERT_TRUE(Commit(0, {}));
  const auto statuses = OpenReader()->Statuses(Hour(2));
  EXPECT_EQ(statuses->front().lag, base::Seconds(0));
  EXPECT_TRUE(statuses->front().unfinished.empty());
}

TEST_F(LedgerStatus, LagsFromTheFirstPeriodWhenNothingWasAnswered) {
  EXPECT_EQ(OpenReader()->Statuses(Hour(4))->front().lag, std::chrono::hours(3));
}

TEST_F(LedgerStatus, ExpectsNothingOfASpecAfterItsRetirement) {
  ASSERT_TRUE(Commit(0, {}));
  ASSERT_TRUE(ledger_->SetRetired(spec_.id, Hour(2)));
  const auto statuses = OpenReader()->Statuses(Hour(50));
  EXPECT_TRUE(statuses->front().retired);
  ASSERT_EQ(statuses->front().unfinished.size(), 1U);
  EXPECT_EQ(statuses->front().unfinished[0].period, HourPeriod(1));
  EXPECT_EQ(statuses->front().lag, std::chrono::hours(1));
}

}  // namespace
}  // namespace promtally::ledger
