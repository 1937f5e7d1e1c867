// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/exposition/metric_store_fixture.h"

namespace promtally::exposition {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

TEST_F(MetricStoreTest, CountsUpByFiniteAmountsOnly) {
  Make(Define("c", MetricType::kCounter));
  for (const double amount : {-1.0, std::nan(""), kInfinity, -kInfinity}) {
    EXPECT_EQ(Refused("c", Change(amount)), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(Refused("c", Change(1, {}, SampleOp::kSet)), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(Apply("c_total", Change(0.1)));
  ASSERT_TRUE(Apply("c_created", Change(0.2)));
  EXPECT_THAT(Page(), HasSubstr("c_total 0.30000000000000004\n"));
  ASSERT_TRUE(Apply("c", Change(1e308)));
  ASSERT_TRUE(Apply("c", Change(1e308)));
  EXPECT_THAT(Page(), HasSubstr("c_total +Inf\n"));
}

TEST_F(MetricStoreTest, SetsAGaugeToAnyNumber) {
  Make(Define("g", MetricType::kGauge));
  ASSERT_TRUE(Apply("g", Change(5)));
  ASSERT_TRUE(Apply("g", Change(-7.5, {}, SampleOp::kAdd)));
  EXPECT_THAT(Page(), HasSubstr("g -2.5\n"));
  for (const auto& [value, text] :
       {std::pair(kInfinity, "g +Inf\n"), std::pair(std::nan(""), "g NaN\n")}) {
    ASSERT_TRUE(Apply("g", Change(value)));
    EXPECT_THAT(Page(), HasSubstr(text));
  }
  EXPECT_EQ(Refused("g", Change(1, {}, SampleOp::kObserve)), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, FillsMissingLabelsAndRefusesOthers) {
  Make(Define("g", MetricType::kGauge, {"b", "a"}));
  ASSERT_TRUE(Apply("g", Change(1, {{"b", "\"\\\n"}})));
  ASSERT_TRUE(Apply("g", Change(2)));
  EXPECT_THAT(Page(), HasSubstr("g{a=\"\",b=\"\\\"\\\\\\n\"} 1\ng{a=\"\",b=\"\"} 2\n"));
  EXPECT_EQ(Refused("g", Change(1, {{"c", "x"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", "x"}, {"a", "y"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", "\xC0"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", std::string(1, '\0')}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", std::string(4097, 'x')}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("none", Change(1)), ErrorCode::kNotFound);
}

TEST_F(MetricStoreTest, RefusesHostileInfosAndStates) {
  Make(Define("i", MetricType::kInfo, {"a"}));
  Make(Define("s", MetricType::kStateSet));
  SampleChange change;
  for (const char* name : {"a", "", "__x", "\xFF"}) {
    change.info = {{name, "1"}};
    EXPECT_EQ(Refused("i", change), ErrorCode::kInvalidArgument);
  }
  change.info = {{"x.y", "1"}, {"x_y", "1"}};
  EXPECT_EQ(Refused("i", change), ErrorCode::kInvalidArgument);
  change = {};
  change.state = "gone";
  EXPECT_EQ(Refused("s", change), ErrorCode::kInvalidArgument);
  change.state = "running";
  ASSERT_TRUE(Apply("s", change));
  EXPECT_THAT(Page(), HasSubstr("s{s=\"starting\"} 0\ns{s=\"running\"} 1\n"));
}

TEST_F(MetricStoreTest, RefusesExemplarsThatReadersDoNotTake) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g", MetricType::kGauge));
  SampleChange change = Change(1);
  change.exemplar = Exemplar{{{"trace_id", std::string(120, 'x')}}, 1, 1.5};
  EXPECT_TRUE(Apply("c", change));
  EXPECT_EQ(Refused("g", change), ErrorCode::kInvalidArgument);
  const Exemplar good = *change.exemplar;
  for (const std::string& value : {std::string(121, 'x'), std::string("a}"), std::string("\xFF")}) {
    change.exemplar->labels.front().second = value;
    EXPECT_EQ(Refused("c", change), ErrorCode::kInvalidArgument);
  }
  for (const double bad : {std::nan(""), kInfinity, -1.0, 1e300}) {
    change.exemplar = good;
    change.exemplar->timestamp = bad;
    EXPECT_EQ(Refused("c", change), ErrorCode::kInvalidArgument);
  }
  change.exemplar = good;
  change.exemplar->value = std::nan("");
  EXPECT_EQ(Refused("c", change), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, RefusesToObserveNaN) {
  Make(Define("h", MetricType::kHistogram));
  Make(Define("s", MetricType::kSummary));
  EXPECT_EQ(Refused("h", Change(std::nan(""))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("s", Change(std::nan(""))), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, ChangesAllOrNothing) {
  Make(Define("g", MetricType::kGauge, {"a"}));
  const std::string before = Page();
  std::vector<SampleChange> changes{Change(1, {{"a", "1"}}), Change(2, {{"b", "1"}})};
  const auto refused = store_.Apply("g", changes, kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("sample 2 of 2"));
  EXPECT_EQ(Page(), before);
  changes[1] = Change(2, {{"a", "1"}}, SampleOp::kAdd);
  EXPECT_EQ(store_.Apply("g", changes, kNow).value(), 2U);
  EXPECT_THAT(Page(), HasSubstr("g{a=\"1\"} 3\n"));
}

}  // namespace
}  // namespace promtally::exposition
