// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "promtally/base/labels.h"
#include "promtally/config/metrics_file.h"
#include "promtally/promql/functions.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using metering::MetricSpec;

bool Same(const MetricSpec& a, const MetricSpec& b) {
  const auto same_map = [](const metering::MapEntry& x, const metering::MapEntry& y) {
    return x.key == y.key && x.value == y.value && x.value_text == y.value_text;
  };
  const std::string skip_a = a.skip ? a.skip->text() : "";
  const std::string skip_b = b.skip ? b.skip->text() : "";
  return a.metric == b.metric && a.name == b.name && a.unit == b.unit &&
         a.description == b.description && a.factor == b.factor && a.offset == b.offset &&
         a.groupby == b.groupby && a.metadata == b.metadata && a.mutate == b.mutate &&
         std::equal(a.mutate_map.begin(), a.mutate_map.end(), b.mutate_map.begin(),
                    b.mutate_map.end(), same_map) &&
         skip_a == skip_b && a.aggregation_method == b.aggregation_method &&
         a.range_function == b.range_function && a.query_function == b.query_function &&
         a.query_prefix == b.query_prefix && a.query_suffix == b.query_suffix &&
         a.export_options.type == b.export_options.type &&
         a.export_options.name == b.export_options.name &&
         a.export_options.help == b.export_options.help && a.backfill == b.backfill;
}

// Any valid UTF-8, with what is special to YAML and JSON more often than chance has it.
rc::Gen<std::string> AnyText() {
  static const std::vector<std::string> kPieces{"a",
                                                "Z",
                                                "0",
                                                " ",
                                                "\"",
                                                "\\",
                                                "'",
                                                "\n",
                                                "\r\n",
                                                "\t",
                                                std::string(1, '\0'),
                                                "\x1b",
                                                "\x7f",
                                                "{",
                                                "}",
                                                "[",
                                                "]",
                                                ":",
                                                ": ",
                                                " #",
                                                ",",
                                                "&x",
                                                "*x",
                                                "!",
                                                "|",
                                                ">",
                                                "<<",
                                                "~",
                                                "null",
                                                "true",
                                                "${X}",
                                                "ä",
                                                "\xE2\x80\xA8",
                                                "\xC2\x85",
                                                "\xEF\xBB\xBF",
                                                "😀",
                                                "-",
                                                "%"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces) {
                          text += piece;
                        }
                        return text;
                      });
}

rc::Gen<std::string> NonEmptyText() {
  return rc::gen::map(AnyText(), [](const std::string& text) { return text.empty() ? "u" : text; });
}

rc::Gen<std::string> LabelName() {
  return rc::gen::element<std::string>("a", "code", "yes", "null", "_x9", "true", "on", "e1");
}

rc::Gen<base::Fraction> AnyFraction() {
  return rc::gen::map(
      rc::gen::element<std::string>("1", "0", "-1", "0.5", "1/3", "-7/2", "3600/1000000", "1e-30",
                                    "123456789012345678901234567890", "1e40", "2/2", "-0"),
      [](const std::string& text) { return *base::Fraction::Parse(text); });
}

std::string FunctionOrNone(promql::FunctionList list) {
  const auto names = promql::NamesOf(list, promql::FunctionSet::kExtended);
  const auto at = *rc::gen::inRange<std::size_t>(0, names.size() + 1);
  return at == names.size() ? std::string() : std::string(names[at]);
}

// Entries as a file gives them.
std::vector<metering::MapEntry> AnyMap() {
  static const std::vector<std::string> kValues{"1.0",     "12",    "true",
                                                "false",   "'1.5'", "' 7 '",
                                                "'1e3'",   "1e+3",  "0.1234567890123456789",
                                                "1.0e+16", "-2.5",  "0x10",
                                                "1_000",   "1:30",  "12345678901234567890123.0",
                                                "0",       "1.0e-7"};
  std::string yaml = "metrics: {a: {unit: u, mutate: MAP, mutate_map: {";
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    yaml += std::to_string(i) + (i % 2 == 0 ? ".5: " : ": ") + *rc::gen::elementOf(kValues) + ", ";
  }
  const MetricsFile file = ReadMetricsFile(yaml + "}}}", "map");
  RC_ASSERT(!base::HasErrors(file.diagnostics));
  return file.specs.at(0).mutate_map;
}

MetricSpec AnySpec() {
  MetricSpec spec;
  spec.metric =
      *rc::gen::element<std::string>("a", "x_total", "yes", "null", "job:rate:1h", "_", "on");
  spec.name = *rc::gen::oneOf(rc::gen::just(spec.metric), NonEmptyText());
  spec.unit = *NonEmptyText();
  spec.description = *AnyText();
  spec.factor = *AnyFraction();
  spec.offset = *AnyFraction();
  spec.groupby = *rc::gen::container<std::vector<std::string>>(LabelName());
  spec.metadata = *rc::gen::container<std::vector<std::string>>(LabelName());
  spec.mutate = *rc::gen::element(metering::Mutation::kNone, metering::Mutation::kCeil,
                                  metering::Mutation::kMap, metering::Mutation::kNotNumBool);
  spec.mutate_map = AnyMap();
  if (*rc::gen::arbitrary<bool>()) {
    spec.skip = *metering::SkipExpression::Parse(R"(datapoint.get("vol", {}).get("qty", 0) == 0)");
  }
  spec.aggregation_method = *rc::gen::element<std::string>("max", "sum", "avg");
  spec.range_function = FunctionOrNone(promql::FunctionList::kRange);
  spec.query_function = FunctionOrNone(promql::FunctionList::kQuery);
  spec.query_prefix = *AnyText();
  spec.query_suffix = *AnyText();
  spec.export_options.type = *rc::gen::element(
      metering::ExportType::kDefault, metering::ExportType::kGauge, metering::ExportType::kCounter,
      metering::ExportType::kBoth, metering::ExportType::kNone);
  spec.export_options.name = *rc::gen::element<std::string>("", "x", "a:b");
  spec.export_options.help = *AnyText();
  spec.backfill = *rc::gen::arbitrary<bool>();
  return spec;
}

TEST(Definition, IsReadBackToAnEqualSpec) {
  EXPECT_TRUE(rc::check("FromDefinition(ToDefinition(spec)) == spec", [] {
    const MetricSpec spec = AnySpec();
    const std::string text = ToDefinition(spec);
    const auto read = FromDefinition(text);
    RC_LOG() << text << "\n" << (read ? std::string("read") : read.error().message);
    RC_ASSERT(read.has_value());
    RC_ASSERT(Same(*read, spec));
    RC_ASSERT(ToDefinition(*read) == text);
  }));
}

TEST(Definition, HoldsNoDefaults) {
  const MetricsFile file = ReadMetricsFile("metrics: {a: {unit: GiB}}", "m.yml");
  EXPECT_EQ(ToDefinition(file.specs.at(0)), R"({metrics: {"a": {unit: "GiB"}}})");
}

TEST(Definition, IsTheSameForEqualSpellings) {
  const auto definition = [](const std::string& spec) {
    return ToDefinition(ReadMetricsFile("metrics: {a: " + spec + "}", "m.yml").specs.at(0));
  };
  EXPECT_EQ(definition("{unit: u, factor: 0.50, groupby: [x]}"),
            definition("{groupby: ['x'], factor: '5e-1', unit: 'u', offset: 0}"));
  EXPECT_NE(definition("{unit: u, factor: 0.50}"), definition("{unit: u, factor: 0.51}"));
}

TEST(Definition, OfEveryCloudKittyFileIsReadBack) {
  for (const char* const name : {"v06_all_agg_x_range", "v09_factor_offset", "v10_mutate",
                                 "v12_prefix_suffix", "v15_description_skip"}) {
    const std::string path = std::string(PROMTALLY_TEST_DATA) + "/cloudkitty/" + name + ".yml";
    for (const MetricSpec& spec : ReadMetricsFile(FileText(path), name).specs) {
      const auto read = FromDefinition(ToDefinition(spec));
      if (spec.name == "MAPnomap") {
        continue;  // a refused spec
      }
      ASSERT_TRUE(read.has_value()) << read.error().message;
      EXPECT_TRUE(Same(*read, spec)) << ToDefinition(spec);
    }
  }
}

TEST(Definition, RefusesWhatIsNone) {
  EXPECT_FALSE(FromDefinition("").has_value());
  EXPECT_FALSE(FromDefinition("{metrics: {a: {unit: u}, b: {unit: u}}}").has_value());
  EXPECT_FALSE(FromDefinition("{metrics: {a: {}}}").has_value());
}

}  // namespace
}  // namespace promtally::config
