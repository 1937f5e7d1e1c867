// SPDX-License-Identifier: Apache-2.0
#include "ledger/label_text.h"

#include <gtest/gtest.h>

#include "ledger/quantity_column.h"

namespace promtally::ledger {
namespace {

TEST(LabelText, IsAJsonObject) {
  EXPECT_EQ(ToLabelText({}), "{}");
  EXPECT_EQ(ToLabelText({{"a", "1"}, {"b", ""}}), R"({"a":"1","b":""})");
  EXPECT_EQ(ToLabelText({{"a", std::string("\"\\\n\0", 4)}}), R"({"a":"\"\\\u000a\u0000"})");
}

TEST(LabelText, ReadsBackWhatItWrites) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) {
    every_byte += static_cast<char>(byte);
  }
  for (const base::LabelSet& labels :
       {base::LabelSet{}, base::LabelSet{{"a", every_byte}, {"b", "}{,:\"\\u00"}}}) {
    EXPECT_EQ(ParseLabelText(ToLabelText(labels)), labels);
  }
}

TEST(LabelText, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "{", "{}x", "{,}", R"({"a"})", R"({"a":1})", R"({"a":"b",})", R"({"a":"b""c":"d"})",
        R"({"a":"\n"})", R"({"a":"\u0100"})", R"({"a":"\u00)", R"({"a":"b)", "[]"}) {
    EXPECT_FALSE(ParseLabelText(text)) << text;
  }
}

TEST(LabelText, ReadsBackNameLists) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{}, std::vector<std::string>{"a"},
        std::vector<std::string>{"a", "", "c\"d"}}) {
    EXPECT_EQ(ParseNameList(ToNameList(names)), names);
  }
  for (const std::string_view text : {"", "[", "[,]", R"(["a",])", R"(["a"]x)", "{}"}) {
    EXPECT_FALSE(ParseNameList(text)) << text;
  }
}

TEST(QuantityColumn, TakesCanonicalIntegersOnly) {
  EXPECT_EQ(CanonicalInteger("0"), 0);
  EXPECT_EQ(CanonicalInteger("-12"), -12);
  EXPECT_EQ(CanonicalInteger("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(CanonicalInteger("-9223372036854775808"), INT64_MIN);
  for (const std::string_view text :
       {"", "-", "-0", "007", "+1", "1.0", "1e3", " 1", "1 ", "9223372036854775808", "-01"}) {
    EXPECT_FALSE(CanonicalInteger(text)) << text;
  }
}

TEST(QuantitySum, IsExactBeyondAMachineWord) {
  QuantitySum sum;
  sum.Add(INT64_MAX);
  sum.Add(INT64_MAX);
  sum.Add(base::Decimal::Parse("0.5").value());
  sum.Add(INT64_MIN);
  EXPECT_EQ(sum.Total().ToText(), "9223372036854775806.5");
}

}  // namespace
}  // namespace promtally::ledger
