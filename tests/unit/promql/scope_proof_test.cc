// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/scope_proof.h"

#include <string>

#include <gtest/gtest.h>

#include "promtally/promql/parser.h"

namespace promtally::promql {
namespace {

/// `proved`, or the reason.
std::string Judge(std::string_view text, std::string_view label = "p") {
  const auto parsed = Parse(text);
  if (!parsed) {
    return "not valid: " + parsed.error().message;
  }
  const ScopeProof proof = KeepsScopes(**parsed, label);
  return proof.is_proved ? "proved" : proof.reason;
}

TEST(ScopeProof, ProvesAggregationsThatKeepTheLabel) {
  for (const std::string_view text : {
           "sum by (p) (x)",
           "sum by (a, p) (rate(x[5m]))",
           "max(delta(x{}[3600s])) by (p, a)",
           "sum without (a, b) (x)",
           "sum without () (x)",
           "avg by (p) (sum by (p, a) (x))",
           "topk by (p) (3, x)",
           "bottomk without (a) (3, x)",
           "quantile by (p) (0.9, x)",
           "count_values by (p) (\"version\", x)",
           "group by (p) (x{a=\"b\"} offset 5m)",
       }) {
    EXPECT_EQ(Judge(text), "proved") << text;
  }
}

TEST(ScopeProof, ProvesWhatWorksSeriesBySeries) {
  for (const std::string_view text : {
           "x",
           "-x",
           "(x) * 2 + 1",
           "2 / x",
           "x > bool 1",
           "x % time()",
           "abs(rate(x[5m]))",
           "clamp(x, 0, pi())",
           "round(x, 0.1)",
           "max_over_time(rate(x[5m])[1h:5m])",
           "sum_over_time(x[1h] @ end())",
           "quantile_over_time(0.5, x[5m])",
           "sort_desc(sum by (p) (x))",
           "hour(timestamp(x))",
           "histogram_quantile(0.9, sum by (le, p) (rate(x[5m])))",
           "label_replace(x, \"a\", \"$1\", \"p\", \"(.*)\")",
           "label_join(x, \"a\", \"-\", \"p\", \"b\")",
       }) {
    EXPECT_EQ(Judge(text), "proved") << text;
  }
}

TEST(ScopeProof, ProvesJoinsWithinAScope) {
  for (const std::string_view text : {
           "sum by (p) (x) / sum by (p) (y)",
           "x / y",
           "x * on (p) y",
           "x * on (p, a) group_left (b) y",
           "x * ignoring (a) group_right () y",
           "x == bool on (p) y",
           "x and y",
           "x and on (p) y",
           "x unless ignoring (a) y",
           "x or y",
           "sum by (p) (x) * 2 > sum by (p) (y) / 3",
       }) {
    EXPECT_EQ(Judge(text), "proved") << text;
  }
}

TEST(ScopeProof, RefusesWhatDropsTheLabel) {
  EXPECT_EQ(Judge("sum(x)"), "sum drops the label \"p\"");
  EXPECT_EQ(Judge("sum by (a) (x)"), "sum drops the label \"p\"");
  EXPECT_EQ(Judge("sum without (p) (x)"), "sum drops the label \"p\"");
  EXPECT_EQ(Judge("max by (p) (sum(x))"), "sum drops the label \"p\"");
  EXPECT_EQ(Judge("quantile(0.9, x)"), "quantile drops the label \"p\"");
  EXPECT_EQ(Judge("absent(x)"), "absent() loses the label \"p\"");
  EXPECT_EQ(Judge("absent_over_time(x[5m])"), "absent_over_time() loses the label \"p\"");
  EXPECT_EQ(Judge("vector(1)"), "vector() loses the label \"p\"");
  EXPECT_EQ(Judge("x / sum(x)"), "sum drops the label \"p\"");
}

TEST(ScopeProof, RefusesRankingsAcrossScopes) {
  EXPECT_EQ(Judge("topk(3, x)"), "topk ranks across values of \"p\"");
  EXPECT_EQ(Judge("bottomk by (a) (3, x)"), "bottomk ranks across values of \"p\"");
  EXPECT_EQ(Judge("topk without (p) (3, sum by (p) (x))"), "topk ranks across values of \"p\"");
}

TEST(ScopeProof, RefusesJoinsAcrossScopes) {
  EXPECT_EQ(Judge("x * on (a) y"), "* matches series of different \"p\"");
  EXPECT_EQ(Judge("x * on () group_left () y"), "* matches series of different \"p\"");
  EXPECT_EQ(Judge("x / ignoring (p) group_left () y"), "/ matches series of different \"p\"");
  EXPECT_EQ(Judge("x and on (a) y"), "and matches series of different \"p\"");
  EXPECT_EQ(Judge("x or ignoring (p) y"), "or matches series of different \"p\"");
  EXPECT_EQ(Judge("x * ignoring (a) group_left (p) y"),
            "* takes the label \"p\" from the other side");
}

TEST(ScopeProof, RefusesNumbersMadeOfAllScopes) {
  EXPECT_EQ(Judge("x * scalar(y)"), "scalar() loses the label \"p\"");
  EXPECT_EQ(Judge("clamp_max(x, scalar(sum(y)))"), "scalar() loses the label \"p\"");
  EXPECT_EQ(Judge("topk by (p) (scalar(y), x)"), "scalar() loses the label \"p\"");
  EXPECT_EQ(Judge("quantile_over_time(scalar(y), x[5m])"), "scalar() loses the label \"p\"");
}

TEST(ScopeProof, RefusesSeriesOfNoScope) {
  EXPECT_EQ(Judge("x or vector(0)"), "vector() loses the label \"p\"");
  EXPECT_EQ(Judge("sum by (p) (x) or vector(0)"), "vector() loses the label \"p\"");
  EXPECT_EQ(Judge("x or hour()"), "or joins series of scopes with a series without \"p\"");
  EXPECT_EQ(Judge("x * on (p) hour()"), "* joins series of scopes with a series without \"p\"");
  EXPECT_EQ(Judge("hour()"), "the result has no series with the label \"p\"");
  EXPECT_EQ(Judge("hour() + minute()"), "the result has no series with the label \"p\"");
  EXPECT_EQ(Judge("sum by (p) (month())"), "the result has no series with the label \"p\"");
}

TEST(ScopeProof, RefusesToHaveTheLabelWritten) {
  EXPECT_EQ(Judge("label_replace(x, \"p\", \"a\", \"b\", \"c\")"),
            "label_replace() writes the label \"p\"");
  EXPECT_EQ(Judge("label_replace(x, (\"p\"), \"a\", \"b\", \"c\")"),
            "label_replace() writes the label \"p\"");
  EXPECT_EQ(Judge("label_join(x, \"p\", \"-\", \"a\")"), "label_join() writes the label \"p\"");
  EXPECT_EQ(Judge("count_values by (p) (\"p\", x)"), "count_values writes the label \"p\"");
}

TEST(ScopeProof, RefusesResultsThatAreNoVector) {
  EXPECT_EQ(Judge("1"), "the result is no instant vector but of type scalar");
  EXPECT_EQ(Judge("x[5m]"), "the result is no instant vector but of type matrix");
  EXPECT_EQ(Judge("\"a\""), "the result is no instant vector but of type string");
}

TEST(ScopeProof, KnowsLabelsOfSpecialMeaning) {
  EXPECT_EQ(Judge("histogram_quantile(0.9, x)", "le"),
            "histogram_quantile() joins series of different \"le\"");
  EXPECT_EQ(Judge("sum by (__name__) (x)", "__name__"),
            "the metric's name is no label that is kept");
  EXPECT_EQ(Judge("sum by (\"service.name\") (x)", "service.name"), "proved");
}

TEST(ScopeProof, LooksIntoEveryPart) {
  for (const std::string_view text :
       {"abs(sum(x))", "-sum(x)", "(sum(x))", "max_over_time(sum(x)[1h:])", "sum(x) + x",
        "x + sum(x)", "clamp(sum(x), 0, 1)", "sum by (p) (x) + (topk(3, x) * 2)"}) {
    EXPECT_NE(Judge(text), "proved") << text;
  }
}

}  // namespace
}  // namespace promtally::promql
