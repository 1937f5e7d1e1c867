// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

/// Exact periods of one thing that counts 10 an hour, and what is read of them later.
class LedgerRevise : public LedgerTest {
 protected:
  static metering::ThingId Thing() {
    metering::ThingId thing{};
    thing.fill(std::uint8_t{7});
    return thing;
  }

  /// A period of `samples` samples after which the thing stands at `stands`.
  ExactCommit Exact(std::size_t series, std::int64_t samples, const std::string& stands, int hour) {
    ExactCommit exact;
    for (std::size_t i = 0; i < series; ++i) {
      metering::UsageEvidence evidence;
      evidence.raw = "1";
      evidence.series = 1;
      evidence.samples = samples;
      evidence.first_ms = Hour(hour).time_since_epoch().count() + 1;
      evidence.last_ms = Hour(hour + 1).time_since_epoch().count();
      exact.evidence.push_back(evidence);
    }
    metering::Checkpoint checkpoint;
    checkpoint.thing = Thing();
    checkpoint.time_ms = Hour(hour + 1).time_since_epoch().count();
    checkpoint.value = stands;
    exact.checkpoints = {checkpoint};
    return exact;
  }

  PeriodCommit PrepareExact(int hour, const std::vector<Sample>& samples,
                            const ExactCommit& exact) {
    PeriodCommit commit = Prepare(hour, samples);
    commit.evaluation = metering::Evaluation::kExact;
    commit.exact = &exact;
    commit.final_period = false;
    return commit;
  }

  void CommitExact(int hour, const std::vector<Sample>& samples, std::int64_t count,
                   const std::string& stands) {
    const ExactCommit exact = Exact(samples.size(), count, stands, hour);
    const auto receipt = ledger_->Commit(PrepareExact(hour, samples, exact));
    ASSERT_TRUE(receipt) << receipt.error().message;
  }

  RevisionReceipt Revise(int hour, const std::vector<Sample>& samples, std::int64_t count,
                         const std::string& stands, const RevisionRules& rules) {
    const ExactCommit exact = Exact(samples.size(), count, stands, hour);
    auto receipt = ledger_->Revise(PrepareExact(hour, samples, exact), rules);
    EXPECT_TRUE(receipt) << receipt.error().message;
    return receipt ? *receipt : RevisionReceipt{};
  }

  static RevisionRules Audit() {
    RevisionRules rules;
    rules.reason = "late data";
    rules.keeps_usage = true;
    return rules;
  }

  /// `revision|quantity` of every record, oldest first.
  [[nodiscard]] std::string Records() const {
    return QueryText("select revision, quantity from record order by period_id, revision");
  }
  /// What /metrics counts, and the corrections beside it.
  [[nodiscard]] std::string Exported() const {
    return QueryText("select positive, negative, correction from total");
  }
};

TEST_F(LedgerRevise, KeepsTheRevisionThatWasBilledAndSignsTheCorrection) {
  CommitExact(0, {Requests("p1", "200", "10")}, 60, "10");
  const RevisionReceipt more = Revise(0, {Requests("p1", "200", "12.5")}, 61, "12.5", Audit());
  ASSERT_EQ(more.changes.size(), 1U);
  EXPECT_EQ(more.changes[0].old_quantity->ToText(), "10");
  EXPECT_EQ(more.changes[0].new_quantity->ToText(), "12.5");
  EXPECT_EQ(more.changes[0].revision, 1);
  EXPECT_TRUE(more.state_changed);
  Revise(0, {Requests("p1", "200", "7")}, 62, "12.5", Audit());
  EXPECT_EQ(Records(), "0|10\n1|12.5\n2|7\n");
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerRevise, NeverTakesAnExportedCounterBack) {
  CommitExact(0, {Requests("p1", "200", "10")}, 60, "10");
  EXPECT_EQ(Exported(), "10|0|0\n");
  Revise(0, {Requests("p1", "200", "4")}, 61, "10", Audit());
  EXPECT_EQ(Exported(), "10|0|-6\n");
  Revise(0, {Requests("p1", "200", "15")}, 62, "10", Audit());
  EXPECT_EQ(Exported(), "10|0|5\n");
  CommitExact(1, {Requests("p1", "200", "3")}, 60, "13");
  EXPECT_EQ(Exported(), "13|0|5\n");
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerRevise, WritesNothingWhereNothingDiffersOrNothingIsToBeWritten) {
  CommitExact(0, {Requests("p1", "200", "10")}, 60, "10");
  const RevisionReceipt same = Revise(0, {Requests("p1", "200", "10")}, 60, "10", Audit());
  EXPECT_TRUE(same.changes.empty());
  EXPECT_FALSE(same.state_changed);
  RevisionRules dry = Audit();
  dry.dry_run = true;
  EXPECT_EQ(Revise(0, {Requests("p1", "200", "11")}, 61, "11", dry).changes.size(), 1U);
  EXPECT_EQ(Records(), "0|10\n");
  EXPECT_EQ(Exported(), "10|0|0\n");
}

TEST_F(LedgerRevise, LetsAnAuditRaiseButNotLoseUsage) {
  CommitExact(0, {Requests("p1", "200", "10"), Requests("p2", "200", "5")}, 60, "10");
  const RevisionReceipt gone = Revise(0, {Requests("p1", "200", "9")}, 30, "9", Audit());
  ASSERT_EQ(gone.changes.size(), 2U);
  EXPECT_TRUE(gone.changes[0].lost && gone.changes[1].lost);
  EXPECT_EQ(QueryText("select count(*) from record"), "2\n");
  RevisionRules recollect;
  recollect.reason = "the customer was right";
  EXPECT_EQ(Revise(0, {Requests("p1", "200", "9")}, 30, "9", recollect).changes.size(), 2U);
  EXPECT_EQ(QueryText("select sum(correction) from total"), "-6\n");
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerRevise, RefusesAPeriodThatWasNotAnswered) {
  const ExactCommit exact = Exact(1, 60, "10", 3);
  const auto receipt =
      ledger_->Revise(PrepareExact(3, {Requests("p1", "200", "10")}, exact), Audit());
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, base::ErrorCode::kNotFound);
}

TEST_F(LedgerRevise, HandsACheckpointToThePeriodThatFollows) {
  CommitExact(0, {Requests("p1", "200", "10")}, 60, "10");
  auto state = ledger_->ExactStateAt(spec_.id, Hour(1), {});
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->adjacent);
  EXPECT_EQ(state->server_id, server_id_);
  ASSERT_EQ(state->checkpoints.size(), 1U);
  EXPECT_EQ(state->checkpoints[0].value, "10");
  Revise(0, {Requests("p1", "200", "12")}, 61, "12", Audit());
  state = ledger_->ExactStateAt(spec_.id, Hour(1), {});
  ASSERT_TRUE(state && state->checkpoints.size() == 1);
  EXPECT_EQ(state->checkpoints[0].value, "12");
  // Behind a gap in the chain: known still, but not from just before.
  state = ledger_->ExactStateAt(spec_.id, Hour(3), {});
  ASSERT_TRUE(state && state->checkpoints.size() == 1);
  EXPECT_FALSE(state->adjacent);
  // Nothing stands before the first period.
  state = ledger_->ExactStateAt(spec_.id, Hour(0), {});
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->checkpoints.empty());
}

TEST_F(LedgerRevise, ForgetsAThingThatWasSilentForLongerThanTheRetention) {
  CommitExact(0, {Requests("p1", "200", "10")}, 60, "10");
  const auto kept = ledger_->ExactStateAt(spec_.id, Hour(5), std::chrono::hours(5));
  ASSERT_TRUE(kept && kept->checkpoints.size() == 1);
  EXPECT_EQ(kept->checkpoints[0].value, "10");
  const auto forgotten = ledger_->ExactStateAt(spec_.id, Hour(8), std::chrono::hours(5));
  ASSERT_TRUE(forgotten && forgotten->checkpoints.size() == 1);
  EXPECT_EQ(forgotten->checkpoints[0].time_ms, metering::Checkpoint::kForgotten);
}

TEST_F(LedgerRevise, MakesAnAuditedPeriodFinal) {
  CommitExact(0, {Requests("p1", "200", "10")}, 60, "10");
  auto provisional = ledger_->Provisional(spec_.id, Hour(30));
  ASSERT_TRUE(provisional);
  EXPECT_EQ(provisional->size(), 1U);
  RevisionRules last = Audit();
  last.make_final = true;
  Revise(0, {Requests("p1", "200", "10")}, 60, "10", last);
  provisional = ledger_->Provisional(spec_.id, Hour(30));
  ASSERT_TRUE(provisional);
  EXPECT_TRUE(provisional->empty());
}

}  // namespace
}  // namespace promtally::ledger
