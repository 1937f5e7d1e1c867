// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/skip_expression.h"

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

/// True, false, or "raises" as Python would on a row of 1.5 GiB with code="404" and flavor="m1".
std::string Judge(std::string_view text, std::string_view quantity = "1.5") {
  const auto expression = SkipExpression::Parse(text);
  if (!expression) {
    return expression.error().message;
  }
  const base::Decimal value = *base::Decimal::Parse(quantity);
  SkipInput input{&value, "GiB", {{"code", "404"}, {"empty", ""}}, {{"flavor", "m1"}}};
  bool failed = false;
  const bool skips = expression->Skips(input, &failed);
  return failed ? "raises" : (skips ? "true" : "false");
}

TEST(SkipExpression, ReadsTheFormThatUsersWrite) {
  constexpr auto kZero = R"(datapoint.get("vol", {}).get("qty", 0) == 0)";
  EXPECT_EQ(Judge(kZero, "0"), "true");
  EXPECT_EQ(Judge(kZero, "0.0"), "true");
  EXPECT_EQ(Judge(kZero, "1"), "false");
}

TEST(SkipExpression, SeesUnitGroupbyAndMetadata) {
  EXPECT_EQ(Judge("datapoint['vol']['unit'] == 'GiB'"), "true");
  EXPECT_EQ(Judge("datapoint['groupby']['code'] in ['404', '500']"), "true");
  EXPECT_EQ(Judge("datapoint['groupby'].get('code') in ('200',)"), "false");
  EXPECT_EQ(Judge("'flavor' in datapoint.get('metadata', {})"), "true");
  EXPECT_EQ(Judge("'m' in datapoint['metadata']['flavor']"), "true");
  EXPECT_EQ(Judge("datapoint['metadata'].get('nope') == None"), "true");
  EXPECT_EQ(Judge("datapoint['metadata'].get('nope', 'x') == 'x'"), "true");
}

TEST(SkipExpression, FollowsPythonsPrecedenceAndTruth) {
  EXPECT_EQ(Judge("not 1 == 2 and True"), "true");
  EXPECT_EQ(Judge("False and False or True"), "true");
  EXPECT_EQ(Judge("False and (False or True)"), "false");
  EXPECT_EQ(Judge("1 < datapoint['vol']['qty'] <= 1.5"), "true");
  EXPECT_EQ(Judge("datapoint['groupby']['empty']"), "false");
  EXPECT_EQ(Judge("datapoint['groupby']"), "true");
  EXPECT_EQ(Judge("{}"), "false");
  EXPECT_EQ(Judge("[]"), "false");
  EXPECT_EQ(Judge("()"), "false");
  EXPECT_EQ(Judge("True == 1"), "true");
  EXPECT_EQ(Judge("'1' == 1"), "false");
  EXPECT_EQ(Judge("'a' < 'b'"), "true");
  EXPECT_EQ(Judge("1 not in [2, 3]"), "true");
  EXPECT_EQ(Judge("-1 < +0.5e1"), "true");
  EXPECT_EQ(Judge(R"('it\'s' == "it's")"), "true");
}

TEST(SkipExpression, KeepsARowThatPythonCouldNotJudge) {
  EXPECT_EQ(Judge("datapoint['groupby']['code'] > 400"), "raises");
  EXPECT_EQ(Judge("datapoint['metadata']['nope'] == 'x'"), "raises");
  EXPECT_EQ(Judge("datapoint['metadata'].get('nope').get('x') == 1"), "raises");
  EXPECT_EQ(Judge("1 in 2"), "raises");
  EXPECT_EQ(Judge("True or datapoint['metadata']['nope']"), "true") << "short circuit";
}

TEST(SkipExpression, RefusesPricesAndSaysWhy) {
  EXPECT_EQ(Judge("datapoint['rating'] == 1"),
            "column 11: \"rating\" is not known here: usage is metered before it is rated");
  EXPECT_EQ(Judge("datapoint.get('vol').get('price') == 1"),
            "column 26: \"price\" is not known here: usage is metered before it is rated");
}

TEST(SkipExpression, RefusesEverythingElseWithItsColumn) {
  EXPECT_EQ(Judge(""), "column 1: unexpected end of the expression");
  EXPECT_EQ(Judge("__import__('os').system('x')"),
            "column 1: unknown name \"__import__\" (only datapoint, literals and operators are "
            "supported)");
  EXPECT_EQ(Judge("datapoint.items()"), "column 11: only .get(key) and [key] are supported");
  EXPECT_EQ(Judge("datapoint['x'] == 1"),
            "column 11: the key must be one of vol, groupby, metadata");
  EXPECT_EQ(Judge("1 + 1 == 2"), "column 3: unexpected \"+ 1 == 2\"");
  EXPECT_EQ(Judge("'abc"), "column 1: the text has no closing quote");
  EXPECT_EQ(Judge("(1, 2"), "column 6: expected \")\"");
  EXPECT_EQ(Judge("1 == 0x10"), "column 6: \"0x10\" is not a number");
  EXPECT_EQ(Judge(std::string(200, '(') + "1" + std::string(200, ')')),
            "column 65: nested deeper than 64 levels");
  EXPECT_EQ(Judge("'" + std::string(5000, 'x') + "'"), "longer than 4096 bytes");
}

}  // namespace
}  // namespace promtally::metering
