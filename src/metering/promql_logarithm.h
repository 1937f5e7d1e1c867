// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace promtally::metering {

/// Logarithms as Go computes them, to the last bit: near 1 those of the servers are noise, of which
/// a C library has another.
[[nodiscard]] double NaturalLogarithm(double value);
[[nodiscard]] double BinaryLogarithm(double value);
[[nodiscard]] double DecimalLogarithm(double value);

}  // namespace promtally::metering
