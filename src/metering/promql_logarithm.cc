// SPDX-License-Identifier: Apache-2.0
#include "metering/promql_logarithm.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace promtally::metering {

// FreeBSD's e_log.c, as Go's math.Log has it: x = 2^k × (1 + f) with 1 + f in [√2/2, √2), then
// log(1 + f) = 2s + s × R(s²) with s = f / (2 + f) and a polynomial R.
double NaturalLogarithm(double value) {
  if (std::isnan(value) || value == std::numeric_limits<double>::infinity()) {
    return value;
  }
  if (value < 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (value == 0) {
    return -std::numeric_limits<double>::infinity();
  }
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  int exponent = 0;
  double fraction = std::frexp(value, &exponent);
  if (fraction < std::numbers::sqrt2 / 2) {
    fraction *= 2;
    --exponent;
  }
  const double f = fraction - 1;
  const double k = exponent;
  const double s = f / (2 + f);
  const double s2 = s * s;
  const double s4 = s2 * s2;
  const double odd = s2 * (6.666666666666735130e-01 +
                           s4 * (2.857142874366239149e-01 +
                                 s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
  const double even = s4 * (3.999999999940941908e-01 +
                            s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
  const double half_square = 0.5 * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + (odd + even)) + k * kLn2Low)) - f);
}

double BinaryLogarithm(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  if (fraction == 0.5) {
    return exponent - 1;
  }
  return NaturalLogarithm(fraction) * std::numbers::log2e + exponent;
}

double DecimalLogarithm(double value) { return NaturalLogarithm(value) * std::numbers::log10e; }

}  // namespace promtally::metering
