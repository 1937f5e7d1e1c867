// SPDX-License-Identifier: Apache-2.0
#include "delivery/json_lines.h"

#include <gtest/gtest.h>

namespace promtally::delivery {
namespace {

base::Instant At(const char* text) { return base::ParseInstant(text).value(); }

metering::UsageRecord Record() {
  metering::UsageRecord record;
  record.id = "00ff";
  record.job = "default";
  record.metric = "http_requests_total";
  record.name = "requests";
  record.scope = "p1";
  record.period = {At("2025-06-01T01:00:00Z"), At("2025-06-01T02:00:00Z")};
  record.unit = "GiB";
  record.quantity = "1.25";
  record.groupby = {{"project_id", "p1"}, {"code", ""}};
  record.metadata = {{"zone", "a"}};
  record.source = "prometheus";
  record.collected_at = At("2025-06-01T03:00:00Z");
  return record;
}

ledger::SpecStatus Status() {
  ledger::SpecStatus status;
  status.job = "default";
  status.name = "requests";
  status.first_period = At("2025-06-01T00:00:00Z");
  status.last_committed = At("2025-06-01T23:00:00Z");
  status.committed = 24;
  status.open = 1;
  return status;
}

TEST(QueryLine, HasNullForNoScopeAndNoJobWithoutSettings) {
  QueryLine line{
      std::nullopt, "m", "n", std::nullopt, "max(m{}[3600s])", At("2025-06-01T02:00:00Z")};
  EXPECT_EQ(ToJson(line), R"j({"metric":"m","name":"n","scope":null,"query":"max(m{}[3600s])",)j"
                          R"("time":"2025-06-01T02:00:00Z"})");
  line.job = "default";
  line.scope = "p1";
  line.query = "m{p=\"\\\"\"}";
  EXPECT_EQ(ToJson(line),
            R"({"job":"default","metric":"m","name":"n","scope":"p1","query":"m{p=\"\\\"\"}",)"
            R"("time":"2025-06-01T02:00:00Z"})");
}

TEST(RecordLine, HasItsKeysInTheDocumentedOrder) {
  EXPECT_EQ(
      ToJson(Record(), true),
      R"({"id":"00ff","job":"default","metric":"http_requests_total","name":"requests",)"
      R"("scope":"p1","begin":"2025-06-01T01:00:00Z","end":"2025-06-01T02:00:00Z","unit":"GiB",)"
      R"("quantity":"1.25","groupby":{"project_id":"p1","code":""},"metadata":{"zone":"a"},)"
      R"("revision":0,"finality":"provisional","kind":"measured","source":"prometheus",)"
      R"("collected_at":"2025-06-01T03:00:00Z"})");
}

TEST(RecordLine, LeavesOutWhatOnlyACommitGives) {
  metering::UsageRecord record = Record();
  record.job.clear();
  record.scope.reset();
  EXPECT_EQ(
      ToJson(record, false),
      R"({"metric":"http_requests_total","name":"requests",)"
      R"("scope":null,"begin":"2025-06-01T01:00:00Z","end":"2025-06-01T02:00:00Z","unit":"GiB",)"
      R"("quantity":"1.25","groupby":{"project_id":"p1","code":""},"metadata":{"zone":"a"},)"
      R"("kind":"measured","source":"prometheus"})");
}

TEST(RecordLine, SaysThatAPeriodIsFinal) {
  metering::UsageRecord record = Record();
  record.final_period = true;
  EXPECT_NE(ToJson(record, true).find(R"("finality":"final")"), std::string::npos);
}

TEST(RecordLine, ReplacesTextThatIsNoUtf8) {
  metering::UsageRecord record = Record();
  record.scope = "p\xff";
  EXPECT_NE(ToJson(record, true).find("\"scope\":\"p\xEF\xBF\xBD\""), std::string::npos);
}

TEST(TotalLine, HasTheScopeOnlyWhereItWasAskedFor) {
  ledger::UsageTotal total;
  total.job = "default";
  total.name = "requests";
  total.unit = "GiB";
  total.scope = "p1";
  total.groupby = {{"code", "200"}};
  total.quantity = base::Decimal(36);
  total.records = 3;
  total.extent = {At("2025-06-01T01:00:00Z"), At("2025-06-01T04:00:00Z")};
  EXPECT_EQ(ToJson(total, true),
            R"({"job":"default","name":"requests","unit":"GiB","kind":"measured","scope":"p1",)"
            R"("groupby":{"code":"200"},"quantity":"36","records":3,)"
            R"("begin":"2025-06-01T01:00:00Z","end":"2025-06-01T04:00:00Z"})");
  EXPECT_EQ(ToJson(total, false).find("scope"), std::string::npos);
}

TEST(StatusLine, HasItsKeysInTheDocumentedOrder) {
  EXPECT_EQ(ToJson(Status()),
            R"({"job":"default","name":"requests","first_period":"2025-06-01T00:00:00Z",)"
            R"("last_committed":"2025-06-01T23:00:00Z","lag_seconds":0,"committed":24,"empty":0,)"
            R"("open":1,"failed":0,"rejected":0,"unattributed":0,"skipped":0,)"
            R"("excluded":0,"series":0,"series_median":null,"absent_scopes":0,)"
            R"("evaluation":"promql","provisional":0,"final":0,"checkpoints":0})");
}

TEST(StatusLine, SaysThatASpecIsRetiredAndThatNothingWasCommitted) {
  ledger::SpecStatus status = Status();
  status.retired = true;
  status.last_committed.reset();
  const std::string line = ToJson(status);
  EXPECT_NE(line.find(R"("last_committed":null)"), std::string::npos);
  EXPECT_TRUE(line.ends_with(R"("checkpoints":0,"retired":true})"));
}

TEST(PeriodLine, SaysWhyAPeriodIsNotAnswered) {
  ledger::PeriodEntry entry;
  entry.period = {At("2025-06-01T01:00:00Z"), At("2025-06-01T02:00:00Z")};
  entry.reason = "warnings";
  entry.detail = "a store is down";
  entry.attempts = 3;
  entry.next_retry = At("2025-06-01T04:00:08Z");
  EXPECT_EQ(ToJson(Status(), entry),
            R"({"job":"default","name":"requests","begin":"2025-06-01T01:00:00Z",)"
            R"("end":"2025-06-01T02:00:00Z","state":"open","reason":"warnings",)"
            R"("detail":"a store is down","attempts":3,"next_retry":"2025-06-01T04:00:08Z"})");
  entry.state = ledger::PeriodState::kFailed;
  entry.next_retry.reset();
  EXPECT_NE(ToJson(Status(), entry).find(R"("state":"failed")"), std::string::npos);
  EXPECT_TRUE(ToJson(Status(), entry).ends_with(R"("next_retry":null})"));
}

TEST(ViolationLine, NamesThePeriodWhereThereIsOne) {
  ledger::Violation violation;
  violation.job = "default";
  violation.name = "requests";
  violation.message = "the total differs";
  EXPECT_EQ(ToJson(violation), R"({"job":"default","name":"requests","begin":null,"end":null,)"
                               R"("message":"the total differs"})");
  violation.period = {At("2025-06-01T01:00:00Z"), At("2025-06-01T02:00:00Z")};
  EXPECT_NE(ToJson(violation).find(R"("begin":"2025-06-01T01:00:00Z","end":"2025-06-01T02)"),
            std::string::npos);
}

TEST(StateText, IsTheWordOfTheLedger) {
  EXPECT_EQ(ToText(ledger::PeriodState::kOpen), "open");
  EXPECT_EQ(ToText(ledger::PeriodState::kFailed), "failed");
  EXPECT_EQ(ToText(ledger::PeriodState::kEmpty), "empty");
  EXPECT_EQ(ToText(ledger::PeriodState::kCommitted), "committed");
}

}  // namespace
}  // namespace promtally::delivery
