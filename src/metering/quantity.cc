// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/quantity.h"

#include <algorithm>
#include <cctype>

namespace promtally::metering {

namespace {

using base::Decimal;
using base::Rounding;

constexpr int kExactDigits = 34;
constexpr int kCloudKittyDigits = 9;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

BadValue Classify(std::string_view text) {
  std::string lower = Lower(text.substr(0, 16));
  if (!lower.empty() && (lower.front() == '+' || lower.front() == '-')) {
    lower.erase(0, 1);
  }
  if (lower == "nan") {
    return BadValue::kNan;
  }
  return lower == "inf" || lower == "infinity" ? BadValue::kInfinity : BadValue::kNotANumber;
}

bool IsIntegerText(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    text.remove_prefix(1);
  }
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// min(10⁻¹²·|x|, 10⁻⁶): a server's doubles carry noise of that size.
Decimal Tolerance(const Decimal& x) {
  static const Decimal kRelative = *Decimal::Parse("1e-12");
  static const Decimal kAbsolute = *Decimal::Parse("1e-6");
  return std::min(x.Abs() * kRelative, kAbsolute);
}

/// The whole number that `x` stands for, when it lies within the tolerance of one.
Decimal Settled(const Decimal& x) {
  const Decimal nearest = x.Nearest();
  return (x - nearest).Abs() <= Tolerance(x) ? nearest : x;
}

/// 10^places / denominator when that is a whole number: the denominator has no prime factor but 2
/// and 5.
std::optional<Decimal> ExactInverse(const Decimal& denominator) {
  constexpr int kMostDigits = 200;
  const Decimal inverse = Decimal::Divide(1, denominator, kMostDigits, Rounding::kHalfEven);
  if (inverse * denominator != Decimal(1)) {
    return std::nullopt;
  }
  return *Decimal::Parse(inverse.ToText());  // without the zeros of the division: it stays small
}

/// One context operation of Python's decimal with prec=9, ROUND_HALF_UP.
Decimal Context(const Decimal& value) {
  return value.Rounded(kCloudKittyDigits, Rounding::kHalfUp);
}

Decimal PythonBool(bool value) { return *Decimal::Parse(value ? "1.0" : "0.0"); }

}  // namespace

QuantityConverter::QuantityConverter(const MetricSpec& spec, RoundingMode mode)
    : mode_(mode),
      mutate_(spec.mutate),
      map_(spec.mutate_map),
      identity_(spec.factor == base::Fraction{} && spec.offset.Sign() == 0),
      scale_numerator_(spec.factor.numerator * spec.offset.denominator),
      shift_(spec.offset.numerator * spec.factor.denominator),
      denominator_(spec.factor.denominator * spec.offset.denominator),
      factor_double_(Decimal::FromDouble(spec.factor.ToDouble())),
      offset_double_(Decimal::FromDouble(spec.offset.ToDouble())) {
  // Most denominators (1, 3600000, 1073741824) divide a power of ten: then a product replaces the
  // division.
  if (const auto inverse = ExactInverse(denominator_)) {
    scale_numerator_ = scale_numerator_ * *inverse;
    shift_ = shift_ * *inverse;
    denominator_ = Decimal(1);
  }
}

Quantity QuantityConverter::Convert(std::string_view value_text) const {
  const auto value = Decimal::Parse(value_text);
  if (!value) {
    return {{}, Classify(value_text)};
  }
  // An integer as it comes is exact: nothing needs to be forgiven.
  return mode_ == RoundingMode::kExact ? Mutate(Scale(*value), !IsIntegerText(value_text))
                                       : ConvertCloudKitty(*value);
}

Quantity QuantityConverter::Convert(const base::Fraction& value) const {
  if (mode_ == RoundingMode::kCloudKitty) {
    return ConvertCloudKitty(
        Decimal::Divide(value.numerator, value.denominator, kExactDigits, Rounding::kHalfEven));
  }
  if (value.denominator == Decimal(1)) {
    return Mutate(Scale(value.numerator), false);
  }
  const Decimal scaled = value.numerator * scale_numerator_ + shift_ * value.denominator;
  return Mutate(
      Decimal::Divide(scaled, denominator_ * value.denominator, kExactDigits, Rounding::kHalfEven),
      false);
}

Decimal QuantityConverter::Scale(const Decimal& value) const {
  if (identity_) {
    return value.Rounded(kExactDigits, Rounding::kHalfEven);
  }
  const Decimal scaled = value * scale_numerator_ + shift_;
  if (denominator_ == Decimal(1)) {
    return scaled.Rounded(kExactDigits, Rounding::kHalfEven);
  }
  return Decimal::Divide(scaled, denominator_, kExactDigits, Rounding::kHalfEven);
}

Quantity QuantityConverter::Mutate(const Decimal& scaled, bool noisy) const {
  switch (mutate_) {
    case Mutation::kNone:
      return {scaled, {}};
    case Mutation::kNumBool:
      return {scaled.IsZero() ? 0 : 1, {}};
    case Mutation::kNotNumBool:
      return {scaled.IsZero() ? 1 : 0, {}};
    case Mutation::kFloor:
      return {(noisy ? Settled(scaled) : scaled).Floor(), {}};
    case Mutation::kCeil:
      return {(noisy ? Settled(scaled) : scaled).Ceil(), {}};
    case Mutation::kMap:
      break;
  }
  const Decimal tolerance = noisy ? Tolerance(scaled) : Decimal(0);
  for (const MapEntry& entry : map_) {
    if ((scaled - entry.key).Abs() <= tolerance) {
      return {entry.value, {}};
    }
  }
  return {0, {}};
}

Quantity QuantityConverter::ConvertCloudKitty(const Decimal& value) const {
  const Decimal scaled = Context(Context(Context(value) * factor_double_) + offset_double_);
  switch (mutate_) {
    case Mutation::kNone:
      return {scaled, {}};
    case Mutation::kNumBool:
      return {PythonBool(!scaled.IsZero()), {}};
    case Mutation::kNotNumBool:
      return {PythonBool(scaled.IsZero()), {}};
    case Mutation::kFloor:
      return {scaled.Floor(), {}};
    case Mutation::kCeil:
      return {scaled.Ceil(), {}};
    case Mutation::kMap:
      break;
  }
  for (const MapEntry& entry : map_) {
    // A key 0.1 is a double in CloudKitty, and never equals the decimal 0.1.
    if (scaled == Decimal::FromDouble(entry.key.ToDouble())) {
      return {Decimal::Parse(entry.value_text).value_or(entry.value), {}};
    }
  }
  return {PythonBool(false), {}};
}

std::string ToText(const Decimal& quantity, RoundingMode mode) {
  return mode == RoundingMode::kExact ? quantity.ToText() : quantity.ToPythonText();
}

}  // namespace promtally::metering
