// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using ::testing::HasSubstr;

/// A ledger with three committed hours (two series, one rejected row), an empty and an open one.
class VerifyLedgerTest : public LedgerTest {
 protected:
  VerifyLedgerTest() {
    for (int hour = 0; hour < 3; ++hour) {
      EXPECT_TRUE(Commit(hour, {Requests("p1", "200", "1.5"), Requests("p2", "200", "-2"),
                                Requests("p3", "200", "NaN")}));
    }
    EXPECT_TRUE(Commit(3, {}));
    EXPECT_TRUE(ledger_->RecordAttempt(Attempt(4, PeriodState::kOpen, "timeout")));
  }

  /// Damages the ledger and expects that a violation of `requests` (or of the ledger) says `what`.
  void ExpectFound(const std::string& sql, const std::string& what) {
    ASSERT_TRUE(Violations().empty()) << Violations().front().message;
    Damage(sql);
    const auto violations = Violations();
    const bool found = std::any_of(
        violations.begin(), violations.end(),
        [&](const auto& violation) { return violation.message.find(what) != std::string::npos; });
    std::string all;
    for (const Violation& violation : violations) {
      all += violation.job + "/" + violation.name + ": " + violation.message + "\n";
    }
    EXPECT_TRUE(found) << "expected \"" << what << "\" in:\n" << all;
  }
};

TEST_F(VerifyLedgerTest, CountsWhatItHasSeen) {
  const auto report = OpenReader()->Verify();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->periods, 5);
  EXPECT_EQ(report->records, 6);
  EXPECT_EQ(report->series, 2);
  EXPECT_TRUE(report->violations.empty());
}

TEST_F(VerifyLedgerTest, NamesJobSpecAndPeriod) {
  Damage("update record set quantity = 7 where period_id = 2 and series_id = 1");
  const auto violations = Violations();
  ASSERT_FALSE(violations.empty());
  EXPECT_EQ(violations[0].job, "default");
  EXPECT_EQ(violations[0].name, "requests");
  EXPECT_EQ(violations[0].period, HourPeriod(1));
}

TEST_F(VerifyLedgerTest, FindsARecordWhoseQueryIsNotThere) {
  ExpectFound("update record set query_id = 999 where period_id = 2", "without evidence");
}

TEST_F(VerifyLedgerTest, FindsARecordWithTheQueryOfAnotherPeriod) {
  ExpectFound(
      "update record set query_id = (select query_id from query where period_id = 1)"
      " where period_id = 2",
      "without evidence");
}

TEST_F(VerifyLedgerTest, FindsAQueryOfAnotherTime) {
  ExpectFound("update query set time = time + 1000 where period_id = 2", "not for its end");
}

TEST_F(VerifyLedgerTest, FindsAChangedQuantity) {
  ExpectFound("update record set quantity = '1.6' where period_id = 2 and quantity = '1.5'",
              "quantities add up to");
}

TEST_F(VerifyLedgerTest, FindsAQuantityThatIsWrittenDifferently) {
  ExpectFound("update record set quantity = '1.50' where period_id = 2 and quantity = '1.5'",
              "digest");
}

TEST_F(VerifyLedgerTest, FindsTwoExchangedQuantities) {
  ExpectFound("update record set quantity = iif(quantity = -2, '1.5', -2) where period_id = 2",
              "digest");
}

TEST_F(VerifyLedgerTest, FindsAQuantityThatIsNoDecimal) {
  ExpectFound("update record set quantity = 'many' where period_id = 2 and series_id = 1",
              "no decimal: many");
}

TEST_F(VerifyLedgerTest, FindsAMissingRecord) {
  ExpectFound("delete from record where period_id = 2 and series_id = 1",
              "has 1 records, its revision says 2");
}

TEST_F(VerifyLedgerTest, FindsARecordThatWasAdded) {
  ExpectFound("insert into record values(4, 1, 0, 5, 1)", "has records without being committed");
}

TEST_F(VerifyLedgerTest, FindsARecordOfNoPeriod) {
  ExpectFound("insert into record values(99, 1, 0, 5, 1)", "1 records belong to no period");
}

TEST_F(VerifyLedgerTest, FindsARecordOfNoSeries) {
  ExpectFound("update record set series_id = 77 where period_id = 2 and series_id = 1",
              "series 77, which is not one of the spec");
}

TEST_F(VerifyLedgerTest, FindsARecordOfAnUnknownRevision) {
  ExpectFound("update record set revision = 3 where period_id = 2 and series_id = 1",
              "records of revision 3, which it does not have");
}

TEST_F(VerifyLedgerTest, FindsAWrongTotal) {
  ExpectFound("update total set positive = 5 where series_id = 1 or negative = 0",
              "its records add up to 4.5");
}

TEST_F(VerifyLedgerTest, FindsAWrongNegativeTotal) {
  ExpectFound("update total set negative = -6.5", "its negative total is");
}

TEST_F(VerifyLedgerTest, FindsAMissingTotal) {
  ExpectFound("delete from total where series_id = 1", "it has no total");
}

TEST_F(VerifyLedgerTest, FindsATotalThatBeginsElsewhere) {
  ExpectFound("update total set created = created + 3600000", "its total begins");
}

TEST_F(VerifyLedgerTest, FindsAGap) {
  ExpectFound(
      "delete from record where period_id = 2; delete from rejected where period_id = 2;"
      "delete from query where period_id = 2; delete from revision where period_id = 2;"
      "delete from period where period_id = 2",
      "a gap in the periods");
}

/// Everything that the ledger has of an answered period.
std::string Removed(const std::string& period_id) {
  std::string sql;
  for (const char* table : {"record", "rejected", "query", "revision", "period"}) {
    sql += std::string("delete from ") + table + " where period_id = " + period_id + ";";
  }
  return sql;
}

class VerifyRange : public VerifyLedgerTest {
 protected:
  VerifyRange() {
    EXPECT_TRUE(ledger_->RecordRequestedRange(job_.id, {Hour(-9), Hour(-6)}, Hour(6)));
    for (const int hour : {-9, -8, -7}) {
      EXPECT_TRUE(Commit(hour, {}));
    }
  }
};

TEST_F(VerifyRange, FindsAnEmptyPeriodThatWasRemovedInsideIt) {
  ExpectFound(Removed("7"), "some were removed");
}

TEST_F(VerifyRange, FindsTheLastPeriodRemoved) { ExpectFound(Removed("8"), "some were removed"); }

TEST_F(VerifyLedgerTest, FindsAChangedCount) {
  for (const char* count : {"series_answered", "unattributed", "excluded", "skipped"}) {
    const std::string name(count);
    ExpectFound("update revision set " + name + " = " + name + " + 1 where period_id = 2",
                "the digest of its records, queries and counts");
    Damage("update revision set " + name + " = " + name + " - 1 where period_id = 2");
  }
}

TEST_F(VerifyLedgerTest, FindsAnotherDigestFormat) {
  ExpectFound("update revision set digest_format = 0 where period_id = 2", "digest");
}

TEST_F(VerifyLedgerTest, FindsAGapBehindTheFirstPeriod) {
  ExpectFound("update spec set first_period = first_period - 7200000", "a gap in the periods");
}

TEST_F(VerifyLedgerTest, TakesSpaceBetweenRequestedRangesForNoGap) {
  ASSERT_TRUE(ledger_->RecordRequestedRange(job_.id, {Hour(-9), Hour(-7)}, Hour(6)));
  ASSERT_TRUE(ledger_->RecordRequestedRange(job_.id, {Hour(9), Hour(11)}, Hour(12)));
  ASSERT_TRUE(Commit(-9, {}));
  ASSERT_TRUE(Commit(-8, {}));
  ASSERT_TRUE(Commit(10, {}));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(VerifyLedgerTest, FindsAGapBeforeAPeriodOfTheScheduleDespiteRanges) {
  ASSERT_TRUE(ledger_->RecordRequestedRange(job_.id, {Hour(9), Hour(11)}, Hour(12)));
  ASSERT_TRUE(Commit(10, {}));
  ASSERT_TRUE(Commit(11, {}));
  const auto violations = Violations();
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].period, (metering::Period{Hour(5), Hour(10)}));
}

TEST_F(VerifyLedgerTest, FindsAPeriodBeforeTheFirstThatNobodyAskedFor) {
  ASSERT_TRUE(Commit(-4, {}));
  const auto violations = Violations();
  ASSERT_FALSE(violations.empty());
  EXPECT_THAT(violations[0].message, HasSubstr("lies before the first period"));
}

TEST_F(VerifyLedgerTest, FindsAnOverlap) {
  ExpectFound("update period set end = end + 3600000 where period_id = 2", "overlaps");
}

TEST_F(VerifyLedgerTest, FindsAnotherLength) {
  ExpectFound("update period set end = end - 1800000 where period_id = 2",
              "lasts 1800000 ms, which was never the period");
}

TEST_F(VerifyLedgerTest, FindsAnUnalignedPeriod) {
  ExpectFound("update period set begin = begin + 60000, end = end + 60000 where period_id = 5",
              "does not begin at a multiple");
}

TEST_F(VerifyLedgerTest, AllowsTheLengthThatAJobHadBeforeWithoutTimeBetween) {
  job_.schedule.period = base::Seconds(7200);
  ASSERT_TRUE(ledger_->PutJob(job_, true));
  PeriodCommit commit = Prepare(6, {});
  commit.period = {Hour(6), Hour(8)};
  commit.queries.at(0).time = Hour(8);
  ASSERT_TRUE(ledger_->Commit(commit));
  const auto violations = Violations();  // hour 5 lies between the two rasters
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].period, HourPeriod(5));
  EXPECT_THAT(violations[0].message, HasSubstr("a gap in the periods"));
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(5, PeriodState::kOpen, "pending")));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(VerifyLedgerTest, FindsAMissingRevision) {
  ExpectFound("delete from query where period_id = 4; delete from revision where period_id = 4",
              "has no revision that says what was answered");
}

TEST_F(VerifyLedgerTest, FindsMissingEvidence) {
  ExpectFound("delete from query where period_id = 4", "has no evidence");
}

TEST_F(VerifyLedgerTest, FindsAChangedQueryText) {
  ExpectFound("update query_text set text = text || ' '", "digest");
}

TEST_F(VerifyLedgerTest, FindsAChangedState) {
  ExpectFound("update period set state = 2 where period_id = 2",
              "had series, but is not committed");
}

TEST_F(VerifyLedgerTest, FindsAnOpenPeriodThatWasAnswered) {
  ExpectFound("update period set state = 0 where period_id = 4",
              "is not answered, but has a revision");
}

TEST_F(VerifyLedgerTest, FindsAMissingRejectedRow) {
  ExpectFound("delete from rejected where period_id = 2", "has 0 rejected series");
}

TEST_F(VerifyLedgerTest, FindsAHashThatIsNotTheLabels) {
  ExpectFound("update series set labels = replace(labels, 'p1', 'p9')", "its hash is not");
}

TEST_F(VerifyLedgerTest, FindsAnotherScope) {
  ExpectFound("update series set scope = 'p9' where scope = 'p1'", "its hash is not");
}

TEST_F(VerifyLedgerTest, FindsAVersionOfAnotherSpec) {
  const Spec other = AddSpec("other", Hour(0));
  const std::string id = std::to_string(other.versions.front().id);
  ExpectFound("update period set spec_version_id = " + id + " where period_id = 2",
              "version of another spec");
}

TEST_F(VerifyLedgerTest, FindsARevisionOfAnotherSpecsVersion) {
  const Spec other = AddSpec("other", Hour(0));
  const std::string id = std::to_string(other.versions.front().id);
  ExpectFound("update revision set spec_version_id = " + id + " where period_id = 2",
              "version of another spec");
}

TEST_F(VerifyLedgerTest, FindsADanglingReference) {
  ExpectFound("pragma foreign_keys = off; update period set spec_version_id = 1000",
              "refers to a row that is not there");
}

TEST_F(VerifyLedgerTest, StopsListingAtAHundred) {
  for (int hour = 5; hour < 125; ++hour) {
    ASSERT_TRUE(Commit(hour, {}));
  }
  Damage("delete from query");
  EXPECT_EQ(Violations().size(), 100U);
}

}  // namespace
}  // namespace promtally::ledger
