// SPDX-License-Identifier: Apache-2.0
#include "config/test_expectations.h"

#include <array>
#include <limits>
#include <utility>

#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace promtally::config {
namespace {

/// Keys that a map must have; `place` is where one that lacks them begins.
void Require(ValueReader& reader, const Node& map, std::string_view of,
             std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (Find(map, key) == nullptr) {
      reader.problems().Error(map.place,
                              "an entry of " + std::string(of) + " has no " + Quoted(key));
    }
  }
}

/// Calls `read(map)` for each map of a list.
template <typename Read>
void ForEachMap(ValueReader& reader, const Node& value, std::string_view of, Read read) {
  if (!reader.IsList(value, of)) {
    return;
  }
  for (const Node* const item : value.items) {
    if (item->kind == NodeKind::kMap) {
      read(*item);
    } else if (item->kind != NodeKind::kInvalid) {
      reader.problems().Error(item->place, "must be a map of keys");
    }
  }
}

std::optional<base::LabelSet> ReadLabelMap(ValueReader& reader, const Node& value) {
  if (!reader.IsMap(value)) {
    return std::nullopt;
  }
  base::LabelSet labels;
  for (const Entry& entry : value.entries) {
    const auto text = reader.AnyScalar(*entry.value, "the value of a label");
    if (text) {
      labels.emplace_back(entry.key->text, text->text);
    }
  }
  return base::MakeLabelSet(std::move(labels));
}

std::optional<double> ReadFloat(ValueReader& reader, const Node& value) {
  const auto scalar = reader.AnyScalar(value, "a number");
  if (!scalar) {
    return std::nullopt;
  }
  const std::string& text = scalar->text;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN" || text == "nan" || text == ".nan" || text == ".NaN" || text == ".NAN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (text == "Inf" || text == "+Inf" || text == ".inf" || text == "+.inf" || text == ".Inf") {
    return kInfinity;
  }
  if (text == "-Inf" || text == "-.inf" || text == "-.Inf") {
    return -kInfinity;
  }
  const auto number = base::Decimal::Parse(text);
  if (!number) {
    reader.Wrong(value, "must be a number");
    return std::nullopt;
  }
  return number->ToDouble();
}

constexpr std::array<Field<ExpectedSample>, 3> kSample{{
    {"labels",
     [](ValueReader& reader, const Node& value, ExpectedSample& sample) {
       const auto text = reader.Text(value);
       if (!text || text->empty()) {
         return;
       }
       auto labels = ParseSeriesLabels(*text);
       if (labels) {
         sample.labels = *std::move(labels);
       } else {
         reader.Wrong(value, "cannot be read: " + labels.error().message);
       }
     }},
    {"value", [](ValueReader& reader, const Node& value,
                 ExpectedSample& sample) { sample.value = ReadFloat(reader, value).value_or(0); }},
    {"histogram"},
}};

void ReadSamples(ValueReader& reader, const Node& value, ExpressionTest& test) {
  ForEachMap(reader, value, "samples", [&](const Node& map) {
    ExpectedSample sample;
    reader.ReadMap<ExpectedSample>(map, "exp_samples[]", {kSample}, sample);
    test.samples.push_back(std::move(sample));
  });
}

void ReadExpression(ValueReader& reader, const Node& value, ExpressionTest& test) {
  const auto scalar = reader.AnyScalar(value, "an expression");
  if (!scalar) {
    return;
  }
  test.text = scalar->text;
  auto parsed = promql::Parse(test.text, metering::CheckRegex, promql::Experimental::kAllowed);
  if (!parsed) {
    reader.Wrong(value, "cannot be read: column " + std::to_string(parsed.error().column) + ": " +
                            parsed.error().message);
    return;
  }
  test.expression = *std::move(parsed);
  const auto type = TypeOf(*test.expression);
  if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
    reader.Wrong(value, "is a " + std::string(promql::TextOf(type)),
                 "a test compares vectors and scalars");
  }
}

constexpr std::array<Field<ExpressionTest>, 3> kExpression{{
    {"expr", ReadExpression},
    {"eval_time",
     [](ValueReader& reader, const Node& value, ExpressionTest& test) {
       test.eval_time = reader.Duration(value).value_or(test.eval_time);
     }},
    {"exp_samples", ReadSamples},
}};

constexpr std::array<Field<QueryTest>, 4> kQuery{{
    {"metric", [](ValueReader& reader, const Node& value,
                  QueryTest& test) { test.metric = reader.NonEmptyText(value).value_or(""); }},
    {"scope",
     [](ValueReader& reader, const Node& value, QueryTest& test) {
       if (const auto scope = reader.AnyScalar(value, "a scope")) {
         test.scope = scope->text;
       }
     }},
    {"period",
     [](ValueReader& reader, const Node& value, QueryTest& test) {
       test.period = ReadTestPeriod(reader, value).value_or(test.period);
     }},
    {"exp_query", [](ValueReader& reader, const Node& value,
                     QueryTest& test) { test.query = reader.NonEmptyText(value).value_or(""); }},
}};

constexpr std::array<Field<ExpectedRecord>, 4> kRecord{{
    {"scope",
     [](ValueReader& reader, const Node& value, ExpectedRecord& record) {
       if (value.kind == NodeKind::kNull) {
         return;  // a job without scope key
       }
       if (const auto scope = reader.AnyScalar(value, "a scope")) {
         record.scope = scope->text;
       }
     }},
    {"groupby",
     [](ValueReader& reader, const Node& value, ExpectedRecord& record) {
       record.groupby = ReadLabelMap(reader, value).value_or(base::LabelSet());
     }},
    {"metadata", [](ValueReader& reader, const Node& value,
                    ExpectedRecord& record) { record.metadata = ReadLabelMap(reader, value); }},
    {"quantity",
     [](ValueReader& reader, const Node& value, ExpectedRecord& record) {
       const auto scalar = reader.AnyScalar(value, "a number");
       auto number = scalar ? base::Decimal::Parse(scalar->text)
                            : base::Result<base::Decimal>(base::Decimal());
       if (number) {
         record.quantity = *std::move(number);
       } else {
         reader.Wrong(value, "must be a decimal number, which " + Quoted(scalar->text) + " is not");
       }
     }},
}};

void ReadRecords(ValueReader& reader, const Node& value, UsageTest& test) {
  ForEachMap(reader, value, "records", [&](const Node& map) {
    ExpectedRecord record;
    record.line = map.place.line;
    Require(reader, map, "exp_records", {"quantity"});
    reader.ReadMap<ExpectedRecord>(map, "exp_records[]", {kRecord}, record);
    test.records.push_back(std::move(record));
  });
}

constexpr std::array<Field<UsageTest>, 4> kUsage{{
    {"metric", [](ValueReader& reader, const Node& value,
                  UsageTest& test) { test.metric = reader.NonEmptyText(value).value_or(""); }},
    {"period",
     [](ValueReader& reader, const Node& value, UsageTest& test) {
       test.period = ReadTestPeriod(reader, value).value_or(test.period);
     }},
    {"eval_time",
     [](ValueReader& reader, const Node& value, UsageTest& test) {
       test.eval_time = reader.Duration(value).value_or(test.eval_time);
     }},
    {"exp_records", ReadRecords},
}};

}  // namespace

std::optional<base::Seconds> ReadTestPeriod(ValueReader& reader, const Node& value) {
  const auto period = reader.Duration(value);
  if (!period) {
    return std::nullopt;
  }
  if (!metering::IsPeriodLength(*period)) {
    reader.Wrong(value, "must be whole seconds that divide a day",
                 "such as 1m, 5m, 15m, 1h, 6h or 24h");
    return std::nullopt;
  }
  return std::chrono::floor<base::Seconds>(*period);
}

void ReadExpressionTests(ValueReader& reader, const Node& value, TestGroupDraft& draft) {
  ForEachMap(reader, value, "tests of expressions", [&](const Node& map) {
    ExpressionTest test;
    test.line = map.place.line;
    Require(reader, map, "promql_expr_test", {"expr"});
    reader.ReadMap<ExpressionTest>(map, "promql_expr_test[]", {kExpression}, test);
    draft.group.expression_tests.push_back(std::move(test));
  });
}

void ReadQueryTests(ValueReader& reader, const Node& value, TestGroupDraft& draft) {
  ForEachMap(reader, value, "tests of queries", [&](const Node& map) {
    QueryTest test;
    test.line = map.place.line;
    Require(reader, map, "query_test", {"metric", "exp_query"});
    reader.ReadMap<QueryTest>(map, "query_test[]", {kQuery}, test);
    if (const Node* const metric = Find(map, "metric")) {
      draft.query_metrics.push_back({metric, draft.group.query_tests.size()});
    }
    draft.group.query_tests.push_back(std::move(test));
  });
}

void ReadUsageTests(ValueReader& reader, const Node& value, TestGroupDraft& draft) {
  ForEachMap(reader, value, "tests of usage", [&](const Node& map) {
    UsageTest test;
    test.line = map.place.line;
    Require(reader, map, "usage_test", {"metric", "eval_time", "exp_records"});
    reader.ReadMap<UsageTest>(map, "usage_test[]", {kUsage}, test);
    if (const Node* const metric = Find(map, "metric")) {
      draft.usage_metrics.push_back({metric, draft.group.usage_tests.size()});
    }
    draft.usage_times.push_back(Find(map, "eval_time"));
    draft.group.usage_tests.push_back(std::move(test));
  });
}

}  // namespace promtally::config
