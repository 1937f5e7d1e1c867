// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/quantity.h"

#include <charconv>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace promtally::metering {
namespace {

using base::Decimal;

MetricSpec Spec(std::string_view factor, std::string_view offset, Mutation mutate) {
  MetricSpec spec;
  spec.metric = spec.name = "x";
  spec.factor = *base::Fraction::Parse(factor);
  spec.offset = *base::Fraction::Parse(offset);
  spec.mutate = mutate;
  return spec;
}

std::string Exact(const MetricSpec& spec, std::string_view value) {
  const Quantity quantity = QuantityConverter(spec, RoundingMode::kExact).Convert(value);
  EXPECT_FALSE(quantity.bad.has_value()) << value;
  return ToText(quantity.value, RoundingMode::kExact);
}

std::string PlainText(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// As Python prints a value of YAML: whole doubles keep their `.0`.
std::string PythonText(const nlohmann::json& value) {
  if (value.is_number_float()) {
    return value == 1e10 ? "10000000000.0" : value.dump();
  }
  return value.dump();
}

TEST(CloudKittyRounding, ReproducesEveryRecordedQuantity) {
  std::ifstream file(PROMTALLY_TEST_DATA "/cloudkitty/numeric.jsonl");
  int rows = 0;
  int not_finite = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    const auto row = nlohmann::json::parse(line);
    MetricSpec spec = Spec(PlainText(row["factor"]), PlainText(row["offset"]),
                           *MutationFromText(row["mutate"].get<std::string>()));
    for (const auto& entry : row.value("mutate_map", nlohmann::json::array())) {
      spec.mutate_map.push_back({*Decimal::Parse(entry[0].dump()), *Decimal::Parse(entry[1].dump()),
                                 PythonText(entry[1])});
    }
    const QuantityConverter converter(spec, RoundingMode::kCloudKitty);
    const Quantity quantity = converter.Convert(row["value"].get<std::string>());
    if (quantity.bad) {  // promtally rejects what CloudKitty bills or dies of
      ++not_finite;
      EXPECT_NE(quantity.bad, BadValue::kNotANumber) << line;
      continue;
    }
    EXPECT_EQ(ToText(quantity.value, RoundingMode::kCloudKitty), row["qty"].get<std::string>())
        << line;
  }
  EXPECT_EQ(rows, 2500);
  EXPECT_LT(not_finite, 300);
}

TEST(ExactRounding, GivesWholeHoursBackFromRatesForEveryCount) {
  const MetricSpec floor = Spec("3600", "0", Mutation::kFloor);
  const MetricSpec ceil = Spec("3600", "0", Mutation::kCeil);
  for (int n = 1; n <= 10'000; ++n) {
    char text[64];
    const double rate = n / 3600.0;  // what a server sends: the shortest text of the double
    const auto [end, error] = std::to_chars(text, text + sizeof text, rate);
    const std::string_view value(text, static_cast<std::size_t>(end - text));
    ASSERT_EQ(Exact(floor, value), std::to_string(n));
    ASSERT_EQ(Exact(ceil, value), std::to_string(n));
  }
}

TEST(ExactRounding, ForgivesTheNoiseOfSummedRates) {
  for (int n = 1; n <= 40; ++n) {
    double sum = 0;
    for (int i = 0; i < 1000; ++i) {
      sum += n / 3600.0;
    }
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, sum);
    const std::string_view value(text, static_cast<std::size_t>(end - text));
    EXPECT_EQ(Exact(Spec("3600", "0", Mutation::kCeil), value), std::to_string(n * 1000));
    EXPECT_EQ(Exact(Spec("3600", "0", Mutation::kFloor), value), std::to_string(n * 1000));
  }
}

TEST(ExactRounding, ForgivesNothingOfAnIntegerText) {
  // 10^13 + 1 of 10^13 is within the relative tolerance, but both are exact counts.
  EXPECT_EQ(Exact(Spec("1/10000000000000", "0", Mutation::kCeil), "10000000000001"), "2");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kCeil), "0.0000009"), "1");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kFloor), "0.9999989"), "0");
}

TEST(ExactRounding, KeepsThirtyFourDigits) {
  EXPECT_EQ(Exact(Spec("1/3", "0", Mutation::kNone), "1"), "0." + std::string(34, '3'));
  EXPECT_EQ(Exact(Spec("1/1048576", "0", Mutation::kNone), "1"), "0.00000095367431640625");
  EXPECT_EQ(Exact(Spec("1", "1/3", Mutation::kNone), "2"), "2.333333333333333333333333333333333");
  EXPECT_EQ(Exact(Spec("3600/1000000", "0", Mutation::kNone), "1234567895"), "4444444.422");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kNone), "1234567890123"), "1234567890123");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kNone), "0.1"), "0.1");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kNone), "12345678901234567890.123456789"),
            "12345678901234567890.123456789");
}

TEST(ExactRounding, MapsValuesThatAreMeantToBeAKey) {
  MetricSpec spec = Spec("1", "0", Mutation::kMap);
  spec.mutate_map = {{*Decimal::Parse("0.1"), 4, "4"},
                     {Decimal(11), *Decimal::Parse("0.5"), "0.5"}};
  EXPECT_EQ(Exact(spec, "0.1"), "4");
  EXPECT_EQ(Exact(spec, "0.10000000000000002"), "4");
  EXPECT_EQ(Exact(spec, "0.1001"), "0");
  EXPECT_EQ(Exact(spec, "11"), "0.5");
  EXPECT_EQ(Exact(spec, "11.00000000000001"), "0.5");
  EXPECT_EQ(Exact(spec, "12"), "0");
}

TEST(ExactRounding, TurnsNumbersIntoBooleans) {
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kNumBool), "-2.5"), "1");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kNumBool), "-0"), "0");
  EXPECT_EQ(Exact(Spec("1", "0", Mutation::kNotNumBool), "0.0"), "1");
  EXPECT_EQ(Exact(Spec("0", "0", Mutation::kNumBool), "7"), "0");
}

TEST(Quantities, AreNotMadeOfNanInfinityOrText) {
  const QuantityConverter converter(Spec("0", "5", Mutation::kNumBool), RoundingMode::kExact);
  EXPECT_EQ(converter.Convert("NaN").bad, BadValue::kNan);
  EXPECT_EQ(converter.Convert("+Inf").bad, BadValue::kInfinity);
  EXPECT_EQ(converter.Convert("-Inf").bad, BadValue::kInfinity);
  EXPECT_EQ(converter.Convert("abc").bad, BadValue::kNotANumber);
  EXPECT_EQ(converter.Convert("").bad, BadValue::kNotANumber);
}

}  // namespace
}  // namespace promtally::metering
