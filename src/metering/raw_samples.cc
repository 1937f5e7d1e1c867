// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/raw_samples.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace promtally::metering {
namespace {

using Kind = RawSample::Kind;

constexpr std::int64_t kExactDoubles = std::int64_t{1} << 53;
constexpr int kMostDigits = 18;
constexpr std::int64_t kMostTime = std::int64_t{1} << 46;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// `[+-]digits[.digits][(e|E)[+-]digits]` as digits × 10^exponent.
struct Scanned {
  bool is_number = false;
  bool fits = false;  ///< in at most 18 significant digits
  std::int64_t digits = 0;
  int exponent = 0;
};

/// Reads digits into a number; those beyond the 18th must be zeros for the whole to fit.
class DigitReader {
 public:
  void Take(char c, bool behind_point) {
    any_ = true;
    if (behind_point) {
      --exponent_;
    }
    if (c == '0') {
      ++zeros_;  // counts only when another digit follows
      return;
    }
    if (value_ == 0) {
      zeros_ = 0;  // leading
    }
    places_ += zeros_ + 1;
    if (places_ > kMostDigits) {
      fits_ = false;
      return;
    }
    for (; zeros_ > 0; --zeros_) {
      value_ *= 10;
    }
    value_ = value_ * 10 + (c - '0');
  }

  [[nodiscard]] Scanned Finish(bool negative, int exponent) {
    Scanned result;
    result.is_number = any_;
    result.fits = fits_;
    result.exponent = value_ == 0 ? 0 : exponent_ + zeros_ + exponent;
    result.digits = negative ? -value_ : value_;
    return result;
  }

 private:
  bool any_ = false;
  bool fits_ = true;
  std::int64_t value_ = 0;
  int places_ = 0;
  int zeros_ = 0;  // that stand behind the digits taken
  int exponent_ = 0;
};

/// A plain decimal of at most 18 digits, as nearly all are: no branch a digit. nullopt: it is
/// something else.
std::optional<Scanned> ScanShort(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  text.remove_prefix(negative ? 1U : 0U);
  if (text.empty() || text.size() > std::size_t{kMostDigits}) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  std::int64_t kept = 0;  // up to the last digit that is not 0
  int zeros = 0;          // behind it
  std::size_t point = text.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int digit = text[at] - '0';
    if (digit < 0 || digit > 9) {
      if (text[at] != '.' || point != text.size()) {
        return std::nullopt;
      }
      point = at;
      continue;
    }
    value = value * 10 + digit;
    kept = digit != 0 ? value : kept;
    zeros = digit != 0 ? 0 : zeros + 1;
  }
  if (point + 1 == text.size() || point == 0) {
    return std::nullopt;
  }
  const auto behind_point = static_cast<int>(text.size() - std::min(point + 1, text.size()));
  return Scanned{.is_number = true,
                 .fits = true,
                 .digits = negative ? -kept : kept,
                 .exponent = kept == 0 ? 0 : zeros - behind_point};
}

Scanned Scan(std::string_view text) {
  if (const auto scanned = ScanShort(text)) {
    return *scanned;
  }
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  at += !text.empty() && (text[0] == '-' || text[0] == '+') ? 1U : 0U;
  DigitReader reader;
  bool behind_point = false;
  for (; at < text.size() && (IsDigit(text[at]) || (text[at] == '.' && !behind_point)); ++at) {
    if (text[at] == '.') {
      behind_point = true;
    } else {
      reader.Take(text[at], behind_point);
    }
  }
  int exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    at += at < text.size() && text[at] == '+' ? 1U : 0U;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + at, end, exponent);
    if (error != std::errc{} || std::abs(exponent) > base::Decimal::kMaxExponent) {
      return {};
    }
    at = static_cast<std::size_t>(stop - text.data());
  }
  return at == text.size() ? reader.Finish(negative, exponent) : Scanned{};
}

/// digits × 10^exponent, when that is a whole number below 2^53 or no whole number at all.
bool IsBelowExactDoubles(const Scanned& scanned) {
  std::int64_t value = std::abs(scanned.digits);
  if (scanned.exponent > kMostDigits) {
    return value == 0;
  }
  for (int i = 0; i < scanned.exponent; ++i) {
    if (value >= kExactDoubles) {
      return false;
    }
    value *= 10;
  }
  for (int i = scanned.exponent; i < 0 && value >= kExactDoubles; ++i) {
    value /= 10;
  }
  return value < kExactDoubles;
}

double ToDouble(std::string_view text) {
  double value = 0;
  text.remove_prefix(!text.empty() && text[0] == '+' ? 1U : 0U);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return std::strtod(std::string(text).c_str(), nullptr);  // 0 or an infinity
  }
  return value;
}

/// The exact value of a double of at least 2^53: a whole number.
RawSample OfLarge(std::int64_t time_ms, double value) {
  if (std::abs(value) < 9.2e18) {
    return {time_ms, Kind::kDecimal, static_cast<std::int64_t>(value)};
  }
  return {time_ms, Kind::kDouble, std::bit_cast<std::int64_t>(value)};
}

std::string ScientificText(const RawSample& sample) {
  return std::to_string(sample.digits()) + "e" + std::to_string(sample.exponent());
}

}  // namespace

bool RawSamples::Add(std::int64_t time_ms, std::string_view value) {
  const Scanned scanned = Scan(value);
  if (!scanned.is_number) {
    return AddOther(time_ms, value);
  }
  if (scanned.fits && IsBelowExactDoubles(scanned) &&
      scanned.exponent >= -RawSample::kMaxExponent) {
    samples_.emplace_back(time_ms, Kind::kDecimal, scanned.digits, scanned.exponent);
    return true;
  }
  const double number = ToDouble(value);
  if (std::abs(number) >= static_cast<double>(kExactDoubles)) {
    if (!std::isfinite(number)) {
      return false;
    }
    samples_.push_back(OfLarge(time_ms, number));
    return true;
  }
  return AddExact(time_ms, value);
}

bool RawSamples::AddExact(std::int64_t time_ms, std::string_view value) {
  const Scanned scanned = Scan(value);
  if (!scanned.is_number) {
    return AddOther(time_ms, value);
  }
  if (scanned.fits && std::abs(scanned.exponent) <= RawSample::kMaxExponent) {
    samples_.emplace_back(time_ms, Kind::kDecimal, scanned.digits, scanned.exponent);
    return true;
  }
  if (!base::Decimal::Parse(value)) {
    return false;
  }
  samples_.emplace_back(time_ms, Kind::kText, static_cast<std::int64_t>(texts_.size()));
  texts_.emplace_back(value);
  return true;
}

bool RawSamples::AddOther(std::int64_t time_ms, std::string_view value) {
  if (value == "NaN" || value == "nan") {
    samples_.emplace_back(time_ms, Kind::kNan, 0);
    return true;
  }
  if (value == "+Inf" || value == "Inf" || value == "-Inf") {
    samples_.emplace_back(time_ms, Kind::kInfinity, value[0] == '-' ? -1 : 1);
    return true;
  }
  return false;
}

base::Decimal RawSamples::DecimalOf(const RawSample& sample) const {
  switch (sample.kind()) {
    case Kind::kDecimal:
      return base::Decimal::FromScaled(sample.digits(), sample.exponent());
    case Kind::kDouble:
      return base::Decimal::FromDouble(std::bit_cast<double>(sample.digits()));
    case Kind::kText:
      return *base::Decimal::Parse(texts_[static_cast<std::size_t>(sample.digits())]);
    case Kind::kNan:
    case Kind::kInfinity:
      break;
  }
  return {};
}

double RawSamples::DoubleOf(const RawSample& sample) const {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  switch (sample.kind()) {
    case Kind::kDecimal: {
      // Both sides exact: one rounding, the right one (Clinger's fast path).
      const int exponent = sample.exponent();
      if (std::abs(sample.digits()) <= kExactDoubles && std::abs(exponent) <= 22) {
        const auto digits = static_cast<double>(sample.digits());
        return exponent < 0 ? digits / kPowers[-exponent] : digits * kPowers[exponent];
      }
      return ToDouble(ScientificText(sample));
    }
    case Kind::kDouble:
      return std::bit_cast<double>(sample.digits());
    case Kind::kText:
      return ToDouble(texts_[static_cast<std::size_t>(sample.digits())]);
    case Kind::kNan:
      return std::numeric_limits<double>::quiet_NaN();
    case Kind::kInfinity:
      return static_cast<double>(sample.digits()) * std::numeric_limits<double>::infinity();
  }
  return 0;
}

bool ReadSampleTime(std::string_view text, std::int64_t* time_ms) {
  const Scanned scanned = Scan(text);
  if (!scanned.is_number || !scanned.fits) {
    return false;
  }
  std::int64_t value = scanned.digits;
  int exponent = scanned.exponent + 3;
  for (; exponent > 0 && std::abs(value) < kMostTime; --exponent) {
    value *= 10;
  }
  for (; exponent < 0 && value != 0; ++exponent) {
    value /= 10;  // below a millisecond: cut, as servers do not print it
  }
  *time_ms = value;
  return std::abs(value) < kMostTime && (value == 0 || exponent == 0);
}

}  // namespace promtally::metering
