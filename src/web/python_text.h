// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace promtally::web {

// How Python reads and writes, where clients of the ICOS routes can see it.

/// `repr(float)`: `1.0`, `2.5`, `1e+20`, `1e-05`.
[[nodiscard]] std::string PythonFloatText(double value);

/// `float(text)`: blanks around it, underscores between digits, decimal digits of every script,
/// `nan`, `inf` and `infinity` in any case; nullopt where Python raises ValueError. Too large is
/// infinity.
[[nodiscard]] std::optional<double> ParsePythonFloat(std::string_view text);

/// `repr(str)`: quotes and escapes as Python chooses them. UTF-8.
[[nodiscard]] std::string PythonRepr(std::string_view text);

/// `str.strip()`: blanks of Unicode at both ends.
[[nodiscard]] std::string_view PythonStrip(std::string_view text);

/// Text of bytes as `json.loads` takes them: UTF-8, UTF-16 and UTF-32 with and without a byte order
/// mark; nullopt: none of them.
[[nodiscard]] std::optional<std::string> DecodeJsonBytes(std::string_view bytes);

}  // namespace promtally::web
