// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_scalar.h"

#include <string>

#include <gtest/gtest.h>

namespace promtally::config {
namespace {

TEST(PyYamlScalar, KindIsWhatPyYamlMakesOfIt) {
  EXPECT_EQ(PyYamlKind("yes"), ScalarKind::kBool);
  EXPECT_EQ(PyYamlKind("Off"), ScalarKind::kBool);
  EXPECT_EQ(PyYamlKind("y"), ScalarKind::kText);
  EXPECT_EQ(PyYamlKind("~"), ScalarKind::kNull);
  EXPECT_EQ(PyYamlKind(""), ScalarKind::kNull);
  EXPECT_EQ(PyYamlKind("1_000"), ScalarKind::kInteger);
  EXPECT_EQ(PyYamlKind("0x1F"), ScalarKind::kInteger);
  EXPECT_EQ(PyYamlKind("-0b11"), ScalarKind::kInteger);
  EXPECT_EQ(PyYamlKind("010"), ScalarKind::kOctal);
  EXPECT_EQ(PyYamlKind("08"), ScalarKind::kText);
  EXPECT_EQ(PyYamlKind("0o17"), ScalarKind::kText);
  EXPECT_EQ(PyYamlKind("1:30"), ScalarKind::kBase60);
  EXPECT_EQ(PyYamlKind("1:60"), ScalarKind::kText);
  EXPECT_EQ(PyYamlKind(".5"), ScalarKind::kReal);
  EXPECT_EQ(PyYamlKind("+.5"), ScalarKind::kText);
  EXPECT_EQ(PyYamlKind("1.0e-6"), ScalarKind::kReal);
  EXPECT_EQ(PyYamlKind("1e-6"), ScalarKind::kText);
  EXPECT_EQ(PyYamlKind("-.inf"), ScalarKind::kNotFinite);
  EXPECT_EQ(PyYamlKind(".NaN"), ScalarKind::kNotFinite);
  EXPECT_EQ(PyYamlKind("2025-06-01"), ScalarKind::kTimestamp);
  EXPECT_EQ(PyYamlKind("2025-06-01T00:00:00Z"), ScalarKind::kTimestamp);
  EXPECT_EQ(PyYamlKind("1/3"), ScalarKind::kText);
}

TEST(CoreScalar, KindFollowsYamlOneDotTwo) {
  EXPECT_EQ(CoreKind("yes"), ScalarKind::kText);
  EXPECT_EQ(CoreKind("true"), ScalarKind::kBool);
  EXPECT_EQ(CoreKind("null"), ScalarKind::kNull);
  EXPECT_EQ(CoreKind("42"), ScalarKind::kInteger);
  EXPECT_EQ(CoreKind("1e3"), ScalarKind::kReal);
  EXPECT_EQ(CoreKind("010"), ScalarKind::kOctal);
  EXPECT_EQ(CoreKind("0x10"), ScalarKind::kOctal);
  EXPECT_EQ(CoreKind("1_000"), ScalarKind::kText);
  EXPECT_EQ(CoreKind("2026-01-01T00:00:00Z"), ScalarKind::kText);
  EXPECT_EQ(CoreKind("60s"), ScalarKind::kText);
  EXPECT_EQ(CoreKind("."), ScalarKind::kText);
}

std::string Number(const std::string& text) {
  const auto number = NumberOf(text, PyYamlKind(text));
  return number ? number->ToText() : "none";
}

TEST(PyYamlScalar, NumbersAreExact) {
  EXPECT_EQ(Number("1_000"), "1000");
  EXPECT_EQ(Number("-0x10"), "-16");
  EXPECT_EQ(Number("0b101"), "5");
  EXPECT_EQ(Number("0xffffffffffffffffffff"), "1208925819614629174706175");
  EXPECT_EQ(Number(".5"), "0.5");
  EXPECT_EQ(Number("5."), "5");
  EXPECT_EQ(Number("1.e+3"), "1000");
  EXPECT_EQ(Number("1:30"), "90");
  EXPECT_EQ(Number("-1:00:00.5"), "-3600.5");
  EXPECT_EQ(Number("0.1"), "0.1");
  EXPECT_EQ(Number(std::string(500, '1')), "none");
}

std::string Python(const std::string& text) {
  const ScalarKind kind = PyYamlKind(text);
  return PythonText(*NumberOf(text, kind), kind);
}

TEST(PyYamlScalar, PythonTextIsPythonsStr) {
  EXPECT_EQ(Python("12"), "12");
  EXPECT_EQ(Python("0x10"), "16");
  EXPECT_EQ(Python("1.0"), "1.0");
  EXPECT_EQ(Python("1."), "1.0");
  EXPECT_EQ(Python("0.50"), "0.5");
  EXPECT_EQ(Python("0.0001"), "0.0001");
  EXPECT_EQ(Python("0.00001"), "1e-05");
  EXPECT_EQ(Python("1.0e+15"), "1000000000000000.0");
  EXPECT_EQ(Python("1.0e+16"), "1e+16");
  EXPECT_EQ(Python("-1.25e-7"), "-1.25e-07");
  EXPECT_EQ(Python("0.1234567890123456789"), "0.12345678901234568");
}

}  // namespace
}  // namespace promtally::config
