// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/expression.h"

#include <gtest/gtest.h>

#include "promtally/promql/functions.h"

namespace promtally::promql {
namespace {

std::string Max(ExpressionPtr argument) {
  return Print(*MakeAggregation("max", std::move(argument), {"function_name", "code"}));
}

ExpressionPtr Invocations() {
  return MakeSelector({"gateway_function_invocation_total", {}, base::Seconds(3600)});
}

// The three lines of CloudKitty's specification, which has no blank after the comma.
TEST(PromqlPrinter, PrintsTheSpecificationsQueries) {
  EXPECT_EQ(Max(MakeCall("delta", Invocations())),
            "max(delta(gateway_function_invocation_total{}[3600s])) by (function_name, code)");
  EXPECT_EQ(Max(MakeCall("abs", MakeCall("delta", Invocations()))),
            "max(abs(delta(gateway_function_invocation_total{}[3600s]))) by (function_name, code)");
  EXPECT_EQ(
      Max(MakeCall("abs", MakeCall("max_over_time", Invocations()))),
      "max(abs(max_over_time(gateway_function_invocation_total{}[3600s]))) by (function_name, "
      "code)");
}

TEST(PromqlPrinter, PrintsEveryMatchOperator) {
  const auto selector = MakeSelector({"up",
                                      {{"a", MatchOperator::kEqual, "1"},
                                       {"b", MatchOperator::kNotEqual, "2"},
                                       {"c", MatchOperator::kRegex, "3"},
                                       {"d", MatchOperator::kNotRegex, "4"}},
                                      base::Seconds(0)});
  EXPECT_EQ(Print(*selector), R"(up{a="1", b!="2", c=~"3", d!~"4"})");
}

TEST(PromqlQuote, EscapesWhatCouldEndOrBreakAString) {
  EXPECT_EQ(Quote(R"("}[1s]) or up{x=")"), R"("\"}[1s]) or up{x=\"")");
  EXPECT_EQ(Quote("a\\b"), R"("a\\b")");
  EXPECT_EQ(Quote("a\nb\tc"), R"("a\nb\x09c")");
  EXPECT_EQ(Quote("\x7F"), R"("\x7f")");
  EXPECT_EQ(Quote("\xC2\x85"), R"("\u0085")");
  EXPECT_EQ(Quote("a\uFFFDb"), R"("a\ufffdb")");
  EXPECT_EQ(Quote("é☃ # `'"), "\"é☃ # `'\"");
  EXPECT_EQ(Quote(std::string_view("\0", 1)), R"("\x00")");
}

TEST(PromqlQuoteRegex, QuotesEverySpecialCharacter) {
  EXPECT_EQ(QuoteRegex("a.b|c"), "a\\.b\\|c");
  EXPECT_EQ(QuoteRegex("\\.+*?()|[]{}^$"), "\\\\\\.\\+\\*\\?\\(\\)\\|\\[\\]\\{\\}\\^\\$");
  EXPECT_EQ(QuoteRegex("é-_:/"), "é-_:/");
}

TEST(FunctionCatalogue, HoldsExactlyCloudKittysLists) {
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(NamesOf(FunctionList::kAggregation),
            (Names{"avg", "count", "max", "min", "stddev", "stdvar", "sum"}));
  EXPECT_EQ(NamesOf(FunctionList::kRange),
            (Names{"changes", "delta", "deriv", "idelta", "irange", "irate", "rate"}));
  EXPECT_EQ(NamesOf(FunctionList::kQuery),
            (Names{"abs", "ceil", "exp", "floor", "ln", "log10", "log2", "round", "sqrt"}));
  EXPECT_EQ(FindFunction(FunctionList::kRange, "increase"), nullptr);
  EXPECT_FALSE(FindFunction(FunctionList::kRange, "irange")->on_any_server);
  EXPECT_TRUE(FindFunction(FunctionList::kRange, "rate")->extrapolates);
}

}  // namespace
}  // namespace promtally::promql
