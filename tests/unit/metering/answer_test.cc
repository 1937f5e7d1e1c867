// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/answer.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

TEST(Answer, KeepsLabelsAndValuesOfEachSeriesApart) {
  Answer answer;
  answer.BeginSeries();
  answer.AddLabel("code", "200");
  answer.AddLabel("project_id", "p1");
  answer.SetValue("1.5");
  answer.BeginSeries();
  answer.AddLabel("project_id", "p2");
  answer.AddLabel("code", "");
  answer.SetValue("NaN");
  ASSERT_EQ(answer.size(), 2U);
  EXPECT_EQ(answer.label_count(1), 2U);
  EXPECT_EQ(answer.label_name(0, 1), "project_id");
  EXPECT_EQ(answer.label_value(0, 1), "p1");
  EXPECT_EQ(answer.value(0), "1.5");
  EXPECT_EQ(answer.value(1), "NaN");
  EXPECT_EQ(answer.Label(1, "project_id"), "p2");
  EXPECT_EQ(answer.Label(1, "code"), "");
  EXPECT_EQ(answer.Label(1, "region"), std::nullopt);
  EXPECT_EQ(answer.fault(), Answer::Fault::kNone);
}

TEST(Answer, HasNoValueUntilOneIsSetOrAHistogramIsSeen) {
  Answer answer;
  answer.BeginSeries();
  EXPECT_FALSE(answer.HasValue());
  answer.SetValue("0");
  EXPECT_TRUE(answer.HasValue());
  answer.BeginSeries();
  EXPECT_FALSE(answer.HasValue());
  answer.SetHistogram();
  EXPECT_TRUE(answer.HasValue());
  EXPECT_TRUE(answer.series(1).histogram);
}

TEST(Answer, FindsTheNameWhenSeriesDifferInTheirLabelOrder) {
  Answer answer;
  const std::string names[] = {"a", "b", "c"};
  for (int shift = 0; shift < 9; ++shift) {
    answer.BeginSeries();
    for (int place = 0; place < 3; ++place) {
      const std::string& name = names[(place + shift) % 3];
      answer.AddLabel(name, name + std::to_string(shift));
    }
  }
  for (std::size_t index = 0; index < answer.size(); ++index) {
    EXPECT_EQ(answer.Label(index, "b"), "b" + std::to_string(index));
  }
}

TEST(Answer, RemembersALabelNameThatOneSeriesHasTwice) {
  Answer answer;
  answer.BeginSeries();
  answer.AddLabel("a", "1");
  answer.BeginSeries();
  answer.AddLabel("a", "2");
  EXPECT_EQ(answer.fault(), Answer::Fault::kNone);
  answer.AddLabel("a", "3");
  EXPECT_EQ(answer.fault(), Answer::Fault::kDuplicateLabel);
  EXPECT_EQ(answer.Label(1, "a"), "2");
}

TEST(Answer, RefusesAValueAndLabelsThatDoNotFitTheirFields) {
  Answer long_value;
  long_value.BeginSeries();
  long_value.SetValue(std::string(65535, '1'));
  EXPECT_EQ(long_value.fault(), Answer::Fault::kNone);
  long_value.SetValue(std::string(65536, '1'));
  EXPECT_EQ(long_value.fault(), Answer::Fault::kTooLarge);
  Answer many_labels;
  many_labels.BeginSeries();
  for (int label = 0; label < 65535; ++label) {
    many_labels.AddLabel("l" + std::to_string(label), "");
  }
  EXPECT_EQ(many_labels.fault(), Answer::Fault::kNone);
  many_labels.AddLabel("more", "");
  EXPECT_EQ(many_labels.fault(), Answer::Fault::kTooLarge);
}

TEST(Answer, StaysReadableAfterAMove) {
  Answer answer;
  answer.BeginSeries();
  answer.AddLabel("a", "short");
  answer.SetValue("7");
  answer.AddWarning("w");
  answer.AddInfo("i");
  const Answer moved = std::move(answer);
  EXPECT_EQ(moved.Label(0, "a"), "short");
  EXPECT_EQ(moved.value(0), "7");
  EXPECT_EQ(moved.warnings().front(), "w");
  EXPECT_EQ(moved.infos().front(), "i");
}

}  // namespace
}  // namespace promtally::metering
