// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/parser.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "unit/promql/tree_text.h"

namespace promtally::promql {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

/// What a library would say of the expressions in the tests' data.
RegexVerdict FakeRegexCheck(std::string_view expression) {
  RegexVerdict verdict;
  verdict.error = expression == "(" || expression == "a{2000}" ? "it is bad" : "";
  verdict.matches_empty = expression.empty() || expression == ".*";
  return verdict;
}

std::string ErrorOf(std::string_view text) {
  const auto parsed = Parse(text, FakeRegexCheck);
  return parsed ? "valid: " + PrintCanonical(**parsed)
                : std::to_string(parsed.error().column) + ": " + parsed.error().message;
}

std::string TreeOf(std::string_view text) {
  const auto parsed = Parse(text, FakeRegexCheck);
  return parsed ? TreeText(**parsed) : "error: " + parsed.error().message;
}

std::vector<Json> Expressions() {
  std::ifstream file(PROMTALLY_TEST_DATA "/promql/expressions.jsonl");
  std::vector<Json> rows;
  for (std::string line; std::getline(file, line);) {
    rows.push_back(Json::parse(line));
  }
  return rows;
}

// The verdicts and the texts are those of Prometheus 3.16.
TEST(PromqlParser, JudgesAndPrintsTheListedExpressionsAsPrometheus) {
  const auto rows = Expressions();
  ASSERT_GT(rows.size(), 600U);
  for (const Json& row : rows) {
    const auto text = row["expr"].get<std::string>();
    const auto parsed = Parse(text, FakeRegexCheck);
    if (row.contains("column")) {
      ASSERT_FALSE(parsed) << text;
      EXPECT_EQ(parsed.error().column, row["column"].get<std::size_t>()) << text;
      EXPECT_FALSE(parsed.error().message.empty()) << text;
      continue;
    }
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(PrintCanonical(**parsed), row["canonical"].get<std::string>()) << text;
    EXPECT_EQ(TextOf(TypeOf(**parsed)), row["type"].get<std::string>()) << text;
  }
}

TEST(PromqlParser, ReadsCanonicalTextAsTheSameTree) {
  for (const Json& row : Expressions()) {
    if (row.contains("canonical")) {
      const auto text = row["expr"].get<std::string>();
      EXPECT_EQ(TreeOf(row["canonical"].get<std::string>()), TreeOf(text)) << text;
    }
  }
}

TEST(PromqlParser, BindsOperatorsAsPrometheus) {
  EXPECT_EQ(TreeOf("1 + 2 * 3"), "(+ 1 (* 2 3))");
  EXPECT_EQ(TreeOf("1 - 2 - 3"), "(- (- 1 2) 3)");
  EXPECT_EQ(TreeOf("2 ^ 3 ^ 2"), "(^ 2 (^ 3 2))");
  EXPECT_EQ(TreeOf("-2 ^ 2"), "(negative (^ 2 2))");
  EXPECT_EQ(TreeOf("2 ^ -x ^ 2 * 3"), "(* (^ 2 (negative (^ x{} 2))) 3)");
  EXPECT_EQ(TreeOf("-x * y"), "(* (negative x{}) y{})");
  EXPECT_EQ(TreeOf("a or b and c unless d"), "(or a{} (unless (and b{} c{}) d{}))");
  EXPECT_EQ(TreeOf("a == b + c atan2 d"), "(== a{} (+ b{} (atan2 c{} d{})))");
  EXPECT_EQ(TreeOf("a + b offset 5m"), "(+ a{} b{} offset 300000000000)");
  EXPECT_EQ(TreeOf("a offset 5m * 2"), "(* a{} offset 300000000000 2)");
}

TEST(PromqlParser, KeepsMatchersInTheOrderOfTheText) {
  const auto parsed = Parse(R"(up{z="1",a=~"2"})");
  ASSERT_TRUE(parsed);
  const auto& selector = std::get<Selector>((*parsed)->node);
  EXPECT_EQ(selector.metric, "up");
  ASSERT_EQ(selector.matchers.size(), 2U);
  EXPECT_EQ(selector.matchers[0].name, "z");
  EXPECT_EQ(selector.matchers[1].op, MatchOperator::kRegex);
}

TEST(PromqlParser, SaysWhatWasExpected) {
  EXPECT_EQ(ErrorOf("sum by job (up)"), R"(8: unexpected "job", expected "(")");
  EXPECT_EQ(ErrorOf("up{a}"), R"(5: unexpected "}", expected one of = != =~ !~)");
  EXPECT_EQ(ErrorOf("rate(up[5m]"),
            R"x(12: unexpected end of input, expected an operator, "," or ")")x");
  EXPECT_EQ(ErrorOf("up up"), R"(4: unexpected "up", expected an operator or the end)");
  EXPECT_EQ(ErrorOf("rate(up)"),
            R"(6: expected type range vector in call to "rate", got instant vector)");
  EXPECT_EQ(ErrorOf("round(up, 1, 2)"),
            R"(1: expected at most 2 argument(s) in call to "round", got 3)");
  EXPECT_EQ(ErrorOf("clamp(up, 0)"), R"(1: expected 3 argument(s) in call to "clamp", got 2)");
  EXPECT_EQ(ErrorOf("label_join(up)"),
            R"(1: expected at least 3 argument(s) in call to "label_join", got 1)");
  EXPECT_EQ(ErrorOf("irange(up[5m])"),
            R"(1: unknown function with name "irange", did you mean range?)");
  EXPECT_EQ(ErrorOf("RATE(up[5m])"), R"(1: unknown function with name "RATE", did you mean rate?)");
  EXPECT_EQ(ErrorOf("quux(up)"), R"(1: unknown function with name "quux")");
  EXPECT_THAT(ErrorOf("holt_winters(up[5m], 1, 1)"),
              HasSubstr("which Prometheus 3 calls double_exponential_smoothing"));
  EXPECT_EQ(ErrorOf("info(up)"), R"(1: function "info" is experimental and not enabled)");
  EXPECT_EQ(ErrorOf("1 == 2"), "3: a comparison between scalars must use bool");
  EXPECT_EQ(ErrorOf("{}"), "1: vector selector must contain at least one non-empty matcher");
  EXPECT_EQ(ErrorOf(R"(up{a=~"("})"), R"(4: bad regular expression "(": it is bad)");
  EXPECT_EQ(ErrorOf("'abc"), "1: the string has no end");
  EXPECT_EQ(ErrorOf(""), "1: no expression found");
}

TEST(PromqlParser, TakesExperimentalFunctionsWhereTheyAreAllowed) {
  for (const std::string_view text : {"info(up)", "mad_over_time(up[5m])", "limitk(1, up)"}) {
    EXPECT_FALSE(Parse(text)) << text;
    EXPECT_TRUE(Parse(text, {}, Experimental::kAllowed)) << text;
  }
  EXPECT_FALSE(Parse("a + fill(0) b", {}, Experimental::kAllowed));
}

TEST(PromqlParser, ReportsTheSyntaxBeforeTheTypes) {
  EXPECT_THAT(ErrorOf("rate(1) + )"), HasSubstr("11: unexpected"));
  EXPECT_THAT(ErrorOf("rate(1) + abs(2)"), HasSubstr("6: expected type range vector"));
}

TEST(PromqlParser, CountsLinesAndColumnsInBytes) {
  const auto parsed = Parse("up +\n  \"é\" $");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().line, 2U);
  EXPECT_EQ(parsed.error().column, 8U);
  EXPECT_EQ(parsed.error().offset, 12U);
}

TEST(PromqlParser, ShowsForeignTextOnOneLineAndShort) {
  EXPECT_EQ(ErrorOf("up \x01"), R"(4: unexpected character "\x01")");
  EXPECT_EQ(ErrorOf("up `a\nb`"),
            R"(4: unexpected string "a\nb", expected an operator or the end)");
  const std::string message = ErrorOf("up " + std::string(1000, 'x'));
  EXPECT_LT(message.size(), 120U);
  EXPECT_THAT(message, HasSubstr("…"));
}

TEST(PromqlParser, TakesEveryRegularExpressionWithoutACheck) {
  EXPECT_TRUE(Parse(R"({a=~"("})"));
  EXPECT_FALSE(Parse(R"({a=~""})"));
  EXPECT_TRUE(Parse(R"({a!~""})"));
}

std::string Repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += part;
  }
  return text;
}

TEST(PromqlParser, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](std::size_t levels) {
    return Repeated("(", levels) + "up" + Repeated(")", levels);
  };
  EXPECT_TRUE(Parse(nested(kNestingLevels - 1)));
  EXPECT_THAT(ErrorOf(nested(kNestingLevels)), HasSubstr("nested deeper than 100 levels"));
  for (const std::string_view part : {"(", "-", "abs(", "sum(", "2^", "up[-", "up[(", "{", "["}) {
    EXPECT_FALSE(Parse(Repeated(part, 20'000))) << part;
  }
}

TEST(PromqlParser, RefusesTooManyOperators) {
  EXPECT_TRUE(Parse("1" + Repeated("+1", kOperators)));
  EXPECT_THAT(ErrorOf("1" + Repeated("+1", kOperators + 1)), HasSubstr("more than 2000 operators"));
  EXPECT_FALSE(Parse("up" + Repeated("[1m:]", kOperators + 1)));
}

TEST(PromqlParser, RefusesALongText) {
  const std::string longest = "up" + std::string(kQueryTextBytes - 2, ' ');
  EXPECT_TRUE(Parse(longest));
  EXPECT_THAT(ErrorOf(longest + " "), HasSubstr("longer than 65536 bytes"));
}

}  // namespace
}  // namespace promtally::promql
