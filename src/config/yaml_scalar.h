// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "promtally/base/decimal.h"

namespace promtally::config {

/// What an unquoted YAML text means to a reader of the given rules.
enum class ScalarKind {
  kText,
  kNull,
  kBool,
  kInteger,
  kOctal,   ///< a leading zero: 8 to some readers and 10 to others
  kBase60,  ///< 1:30 is 90 by YAML 1.1
  kReal,
  kNotFinite,  ///< .inf, .nan
  kTimestamp,  ///< 2025-06-01, a date to PyYAML
};

/// PyYAML's resolution (YAML 1.1), which decides what CloudKitty makes of a metrics.yml.
[[nodiscard]] ScalarKind PyYamlKind(std::string_view plain);

/// YAML 1.2's core schema, which promtally.yml follows.
[[nodiscard]] ScalarKind CoreKind(std::string_view plain);

/// The value of a text of kind kInteger, kBase60 or kReal as PyYAML reads it (underscores, 0x, 0b,
/// a bare point). nullopt when it is too large to be kept.
[[nodiscard]] std::optional<base::Decimal> NumberOf(std::string_view plain, ScalarKind kind);

/// True for what PyYAML takes as true (`true`, `Yes`, `ON` …); `plain` is of kind kBool.
[[nodiscard]] bool BoolOf(std::string_view plain);

/// Python's str() of the number: `12`, `1.0`, `1e-07`.
[[nodiscard]] std::string PythonText(const base::Decimal& number, ScalarKind kind);

/// A double-quoted scalar: no text can end it or begin a key of its own.
[[nodiscard]] std::string DoubleQuoted(std::string_view text);

}  // namespace promtally::config
