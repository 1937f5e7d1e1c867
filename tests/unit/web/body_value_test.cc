// SPDX-License-Identifier: Apache-2.0
#include "web/body_value.h"

#include <gtest/gtest.h>

namespace promtally::web {
namespace {

std::string Rewritten(std::string_view text) {
  const auto value = ParseJson(text, 64);
  std::string json;
  if (value) {
    AppendJson(json, *value);
  }
  return value ? json : "(" + value.error().message + ")";
}

TEST(BodyValue, KeepsHowItWasWritten) {
  EXPECT_EQ(Rewritten(R"( {"b": 1, "a": [1.0, 1E5, -0.0, true, null, "x\u2028"]} )"),
            R"({"b":1,"a":[1.0,1E5,-0.0,true,null,"x\u2028"]})");
  EXPECT_EQ(Rewritten("1234567890123456789012345678901234567890"),
            "1234567890123456789012345678901234567890");
  EXPECT_EQ(Rewritten("[[],{},[[]]]"), "[[],{},[[]]]");
}

TEST(BodyValue, TellsIntegersFromNumbers) {
  EXPECT_EQ(ParseJson("2", 1)->kind, BodyValue::Kind::kInteger);
  EXPECT_EQ(ParseJson("2.0", 1)->kind, BodyValue::Kind::kNumber);
  EXPECT_EQ(ParseJson("18446744073709551616", 1)->kind, BodyValue::Kind::kInteger);
}

TEST(BodyValue, TakesTheLastOfARepeatedMember) {
  EXPECT_EQ(Rewritten(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  std::string members;  // more than are compared one by one
  for (char name = 'a'; name <= 'z'; ++name) {
    members += std::string(",\"") + name + "\":2";
  }
  const std::string twice = "{\"q\":1" + members + "}";
  members.erase(members.find(",\"q"), 6);
  EXPECT_EQ(Rewritten(twice), "{\"q\":2" + members + "}");
}

TEST(BodyValue, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "nul", "{'a':1}", "[1,]", "01", "NaN", "Infinity", "1 2",
                           "\"\\ud800\"", "\"\n\""}) {
    EXPECT_EQ(ParseJson(text, 64).error().kind, JsonError::Kind::kSyntax) << text;
  }
  EXPECT_EQ(ParseJson("1e400", 64).error().kind, JsonError::Kind::kNumberOutOfRange);
  EXPECT_EQ(ParseJson("\"\xFF\"", 64).error().kind, JsonError::Kind::kNotUtf8);
  EXPECT_EQ(ParseJson("[[1]]", 1).error().kind, JsonError::Kind::kTooDeep);
  EXPECT_EQ(ParseJson(std::string(100000, '['), 64).error().kind, JsonError::Kind::kTooDeep);
}

}  // namespace
}  // namespace promtally::web
