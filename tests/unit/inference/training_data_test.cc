// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "inference/csv_file.h"
#include "inference/lag_windows.h"
#include "inference/npy_file.h"
#include "inference/trainer.h"

namespace promtally::inference {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::NanSensitiveDoubleEq;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> SeriesOf(const std::string& bytes, const std::string& column = "") {
  const auto file = CsvFile::Parse(bytes, "f.csv");
  EXPECT_TRUE(file) << file.error().message;
  const auto place = file->Find(column);
  EXPECT_TRUE(place) << place.error().message;
  const auto series = file->Series(*place);
  EXPECT_TRUE(series) << series.error().message;
  return series.value_or(std::vector<double>());
}

std::string Refusal(const std::string& bytes, const std::string& column = "") {
  const auto file = CsvFile::Parse(bytes, "f.csv");
  if (!file) {
    return file.error().message;
  }
  const auto place = file->Find(column);
  if (!place) {
    return place.error().message;
  }
  const auto series = file->Series(*place);
  return series ? "" : series.error().message;
}

TEST(CsvFile, ReadsAColumnWithGaps) {
  const auto missing = NanSensitiveDoubleEq(kNan);
  EXPECT_THAT(SeriesOf("value\n1\n\n3\n"), ElementsAre(1, missing, 3));
  EXPECT_THAT(SeriesOf("value\n1\n\n"), ElementsAre(1, missing));
  EXPECT_THAT(SeriesOf("value\r\n1\r\n\r\n-3e2\r\n"), ElementsAre(1, missing, -300));
  EXPECT_THAT(SeriesOf("value\n1\n2"), ElementsAre(1, 2));
  EXPECT_THAT(SeriesOf("value\n"), ElementsAre());
  EXPECT_THAT(SeriesOf("\xEF\xBB\xBFt,value\n2026-01-01,1\nx,\n"), ElementsAre(1, missing));
  EXPECT_THAT(SeriesOf("t,\"a \"\"b\"\", c\"\n1,\"2\"\n", "a \"b\", c"), ElementsAre(2));
  EXPECT_THAT(SeriesOf("a,b\n1,2\n\n", "b"), ElementsAre(2)) << "a last blank line is none";
}

TEST(CsvFile, SaysWhereItIsWrong) {
  EXPECT_THAT(Refusal(""), HasSubstr("f.csv:1: the file is empty"));
  EXPECT_THAT(Refusal("value\n1\nx\n"), HasSubstr("f.csv:3: column \"value\": \"x\""));
  for (const char* number : {"nan", "inf", "1e999", "1,", "0x10", "1 2", "--1"}) {
    EXPECT_NE(Refusal(std::string("value\n") + number + "\n"), "") << number;
  }
  EXPECT_THAT(Refusal("a,b\n1\n", "a"), HasSubstr("f.csv:2: 1 fields, the header has 2"));
  EXPECT_THAT(Refusal("a,b\n1,2\n"), HasSubstr("no column \"value\"; it has a, b"));
  EXPECT_THAT(Refusal("a,a\n1,2\n", "a"), HasSubstr("twice"));
  EXPECT_THAT(Refusal("a,b\n\"1,2\n", "a"), HasSubstr("no end"));
  EXPECT_THAT(Refusal("a,b\n\"1\"x,2\n", "a"), HasSubstr("behind a quoted field"));
}

TEST(CsvFile, FindsRowsByNameOrByPlace) {
  const auto file = CsvFile::Parse("b,x,a\n1,2,3\n4,5,6\n", "f.csv");
  ASSERT_TRUE(file);
  EXPECT_THAT(SelectRows(*file, {"a", "b"}, 2, true)->values, ElementsAre(3, 1, 6, 4));
  EXPECT_FALSE(SelectRows(*file, {"a", "c"}, 2, true));
  EXPECT_THAT(SelectRows(*file, {"l", "m", "n"}, 3, false)->values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_FALSE(SelectRows(*file, {}, 2, false));
  EXPECT_TRUE(SelectRows(*file, {}, 0, false));
}

RC_GTEST_PROP(CsvFile, SurvivesAnyBytes, (const std::string& bytes)) {
  const auto file = CsvFile::Parse(bytes, "f.csv");
  if (file && file->columns().size() == 1) {
    static_cast<void>(file->Series(0));
  }
}

TEST(NpyFile, ReadsWhatItWrites) {
  const std::vector<float> values{1, 2, 3, 4, 5, std::nanf("")};
  const std::string bytes = WriteNpy(values, 3);
  EXPECT_EQ((bytes.size() - sizeof(float) * 6) % 64, 0U);
  const auto matrix = ReadNpy(bytes);
  ASSERT_TRUE(matrix) << matrix.error().message;
  EXPECT_EQ(matrix->rows, 2U);
  EXPECT_EQ(matrix->columns, 3U);
  EXPECT_EQ(matrix->values[4], 5);
  EXPECT_TRUE(std::isnan(matrix->values[5]));
}

TEST(NpyFile, RefusesEverythingElse) {
  const std::string good = WriteNpy(std::vector<float>{1, 2, 3, 4}, 2);
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string bytes = good;
    bytes.replace(bytes.find(from), from.size(), to);
    return ReadNpy(bytes).has_value();
  };
  EXPECT_TRUE(ReadNpy(good));
  EXPECT_FALSE(with(std::string("\x01\x00", 2), std::string("\x02\x00", 2)));
  EXPECT_FALSE(with("<f4", ">f4"));
  EXPECT_FALSE(with("<f4", "<i4"));
  EXPECT_FALSE(with("<f4", "<f8"));
  EXPECT_FALSE(with("False", "True "));
  EXPECT_FALSE(with("(2, 2)", "(4,)  "));
  EXPECT_FALSE(with("(2, 2)", "(2, 3)"));
  EXPECT_FALSE(with("(2, 2)", "(2, 0)"));
  EXPECT_FALSE(with("(2, 2)", "(-2,2)"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ReadNpy(good.substr(0, size))) << size;
  }
  EXPECT_FALSE(ReadNpy(good + "x"));
}

TEST(LagWindows, PutsTheOldestValueFirstAndSkipsStepsWithoutALabel) {
  const auto windows = MakeLagWindows({{1, 2, 3, kNan, 5}, {10, 20, 30, 40, 50}}, 2, 1);
  ASSERT_TRUE(windows);
  EXPECT_EQ(windows->columns, 4U);
  EXPECT_THAT(windows->labels, ElementsAre(3, 5));
  EXPECT_THAT(windows->targets, ElementsAre(2, 4));
  EXPECT_THAT(windows->RowsOf(0, 1), ElementsAre(1, 2, 10, 20));
  EXPECT_EQ(windows->RowsOf(1, 2)[0], 3);
  EXPECT_TRUE(std::isnan(windows->RowsOf(1, 2)[1]));
  EXPECT_THAT(MakeLagWindows({{1, 2, 3, 4}}, 2, 2)->labels, ElementsAre(4));
  EXPECT_FALSE(MakeLagWindows({{1, 2}}, 2, 1));
  EXPECT_FALSE(MakeLagWindows({{1, 2}}, 0, 1));
  EXPECT_FALSE(MakeLagWindows({}, 1, 1));
  EXPECT_THAT(LagNames({"cpu"}, 2), ElementsAre("lag_2", "lag_1"));
  EXPECT_THAT(LagNames({"cpu", "mem"}, 1), ElementsAre("cpu_lag_1", "mem_lag_1"));
}

TEST(TestPart, IsAShareOrANumberOfSteps) {
  EXPECT_EQ(TestSteps(0, 10), 0U);
  EXPECT_EQ(TestSteps(0.2, 10), 2U);
  EXPECT_EQ(TestSteps(0.25, 10), 3U);
  EXPECT_EQ(TestSteps(3, 10), 3U);
  for (const double wrong : {-0.1, 1.5, 10.0, 11.0, kNan, 1e300}) {
    EXPECT_FALSE(TestSteps(wrong, 10)) << wrong;
  }
  EXPECT_FALSE(TestSteps(0.99, 2));
}

TEST(TrainingDigest, TellsDataApart) {
  EXPECT_EQ(DigestOf({"a"}, {{1, 2}}), DigestOf({"a"}, {{1, 2}}));
  EXPECT_NE(DigestOf({"a"}, {{1, 2}}), DigestOf({"b"}, {{1, 2}}));
  EXPECT_NE(DigestOf({"a"}, {{1, 2}}), DigestOf({"a"}, {{1, kNan}}));
  EXPECT_NE(DigestOf({"a", "b"}, {{1}, {2}}), DigestOf({"a", "b"}, {{}, {1, 2}}));
}

}  // namespace
}  // namespace promtally::inference
