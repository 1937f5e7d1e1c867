// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/expression.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "promtally/promql/functions.h"
#include "promtally/promql/signatures.h"

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
  constexpr auto kSet = FunctionSet::kCloudKitty;
  EXPECT_EQ(NamesOf(FunctionList::kAggregation, kSet),
            (Names{"avg", "count", "max", "min", "stddev", "stdvar", "sum"}));
  EXPECT_EQ(NamesOf(FunctionList::kRange, kSet),
            (Names{"changes", "delta", "deriv", "idelta", "irange", "irate", "rate"}));
  EXPECT_EQ(NamesOf(FunctionList::kQuery, kSet),
            (Names{"abs", "ceil", "exp", "floor", "ln", "log10", "log2", "round", "sqrt"}));
  EXPECT_FALSE(FindFunction(FunctionList::kRange, "irange")->on_any_server);
  EXPECT_TRUE(FindFunction(FunctionList::kRange, "rate")->extrapolates);
}

TEST(FunctionCatalogue, AllowsEveryFunctionOfOneRangeInTheExtendedSet) {
  std::vector<std::string_view> expected{"delta", "deriv",    "changes", "idelta", "irange",
                                         "irate", "increase", "rate",    "resets"};
  for (const FunctionSignature& signature : Signatures()) {
    if (signature.name.ends_with("_over_time") && signature.arguments.size() == 1) {
      expected.push_back(signature.name);
    }
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(NamesOf(FunctionList::kRange, FunctionSet::kExtended), expected);
  const auto is_allowed = [](std::string_view name) {
    return IsAllowed(*FindFunction(FunctionList::kRange, name), FunctionSet::kExtended);
  };
  EXPECT_TRUE(is_allowed("last_over_time"));
  for (const std::string_view name :
       {"quantile_over_time", "holt_winters", "predict_linear", "double_exponential_smoothing"}) {
    EXPECT_FALSE(is_allowed(name)) << name;
  }
  EXPECT_EQ(FindFunction(FunctionList::kRange, "label_replace"), nullptr);
}

// What the catalogue says again is what the signatures say.
TEST(FunctionCatalogue, AgreesWithTheSignatures) {
  for (const FunctionList list : {FunctionList::kRange, FunctionList::kQuery}) {
    std::string_view before;
    for (const FunctionInfo& info : FunctionsOf(list)) {
      EXPECT_LT(before, info.name);
      before = info.name;
      const FunctionSignature* const signature = FindSignature(info.name);
      if (signature == nullptr) {
        EXPECT_TRUE(info.name == "irange" || info.name == "holt_winters") << info.name;
        continue;
      }
      EXPECT_EQ(info.experimental, signature->experimental) << info.name;
      const bool takes_range = info.argument != ArgumentKind::kVector;
      EXPECT_EQ(takes_range, std::count(signature->arguments.begin(), signature->arguments.end(),
                                        ValueType::kMatrix) == 1)
          << info.name;
      const bool takes_one =
          info.argument == ArgumentKind::kVector || info.argument == ArgumentKind::kRange;
      // round() has a second argument that may be absent.
      EXPECT_EQ(takes_one, signature->arguments.size() == 1 || info.name == "round") << info.name;
    }
  }
}

TEST(FunctionCatalogue, KnowsWhatGuessesAndWhatCanBeNegative) {
  std::vector<std::string_view> guessing;
  std::vector<std::string_view> negative;
  for (const FunctionInfo& info : FunctionsOf(FunctionList::kRange)) {
    if (info.extrapolates) {
      guessing.push_back(info.name);
    }
    if (info.sign == Sign::kMayBeNegative && IsAllowed(info, FunctionSet::kExtended)) {
      negative.push_back(info.name);
    }
  }
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(guessing, (Names{"delta", "increase", "rate"}));
  EXPECT_EQ(negative, (Names{"delta", "deriv", "idelta"}));
}

}  // namespace
}  // namespace promtally::promql
