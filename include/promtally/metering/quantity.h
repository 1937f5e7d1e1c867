// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "promtally/base/decimal.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::metering {

/// `exact`: exact fractions, 34 significant digits, FLOOR, CEIL and MAP forgive the noise of a
/// server's doubles. `cloudkitty`: CloudKitty's arithmetic, 9 digits half up, its wrong FLOOR and
/// CEIL included.
enum class RoundingMode { kExact, kCloudKitty };

/// Why a value cannot become a quantity.
enum class BadValue { kNan, kInfinity, kNotANumber };

/// A quantity, or why there is none.
struct Quantity {
  base::Decimal value;
  std::optional<BadValue> bad;
};

/// value × factor + offset, then the mutation. Stateless apart from what it was made of; any
/// thread.
class QuantityConverter {
 public:
  QuantityConverter(const MetricSpec& spec, RoundingMode mode);

  [[nodiscard]] Quantity Convert(std::string_view value_text) const;
  /// Of an exact value: one rounding, and nothing is forgiven.
  [[nodiscard]] Quantity Convert(const base::Fraction& value) const;

 private:
  [[nodiscard]] Quantity Mutate(const base::Decimal& scaled, bool noisy) const;
  [[nodiscard]] Quantity ConvertCloudKitty(const base::Decimal& value) const;
  [[nodiscard]] base::Decimal Scale(const base::Decimal& value) const;

  RoundingMode mode_;
  Mutation mutate_;
  std::vector<MapEntry> map_;
  bool identity_ = false;          // factor 1, offset 0
  base::Decimal scale_numerator_;  // (value × scale_numerator_ + shift_) / denominator_
  base::Decimal shift_;
  base::Decimal denominator_;
  base::Decimal factor_double_;  // CloudKitty: the double nearest to the fraction, exactly
  base::Decimal offset_double_;
};

/// A quantity as it is printed and stored: plain under `exact`, as Python's str(Decimal) under
/// `cloudkitty`.
[[nodiscard]] std::string ToText(const base::Decimal& quantity, RoundingMode mode);

}  // namespace promtally::metering
