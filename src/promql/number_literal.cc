// SPDX-License-Identifier: Apache-2.0
#include "promql/number_literal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "promql/characters.h"

namespace promtally::promql {

namespace {

using std::chrono::nanoseconds;

constexpr double kNanosecondsInSecond = 1e9;
/// 2^63, the first number that 64 bits with sign do not hold.
constexpr double kTooMany = 9223372036854775808.0;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
  bool only_exactly = false;  ///< printed only where nothing is left over
};
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kDay = 86'400'000 * kMillisecond;
/// From the longest to the shortest, the order that a duration is written in.
constexpr std::array<Unit, 7> kUnits{{
    {"y", 365 * kDay, true},
    {"w", 7 * kDay, true},
    {"d", kDay},
    {"h", kDay / 24},
    {"m", kDay / 1440},
    {"s", 1000 * kMillisecond},
    {"ms", kMillisecond},
}};

bool IsHexPrefixed(std::string_view text) {
  return text.size() >= 2 && text[0] == '0' && ToLower(text[1]) == 'x';
}

/// `_` stands between digits, or between the prefix of base 16 and a digit.
bool AreUnderscoresRight(std::string_view text) {
  const bool is_hex = IsHexPrefixed(text);
  const auto is_digit = [is_hex](char c) {
    return IsDigit(c) || (is_hex && ToLower(c) >= 'a' && ToLower(c) <= 'f');
  };
  bool after_digit = is_hex;
  for (std::size_t i = is_hex ? 2 : 0; i < text.size(); ++i) {
    if (text[i] == '_' && (!after_digit || i + 1 >= text.size() || !is_digit(text[i + 1]))) {
      return false;
    }
    after_digit = is_digit(text[i]);
  }
  return true;
}

std::optional<double> ReadInteger(std::string_view digits) {
  int base = 10;
  if (digits.size() > 2 && IsHexPrefixed(digits)) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits.front() == '0') {
    base = 8;
  }
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc{} || stop != end || digits.front() == '-') {
    return std::nullopt;
  }
  return static_cast<double>(value);
}

/// The library says "out of range" of what is too small, too: that is zero. The text is a decimal
/// fraction; what decides is where its first digit that is not zero stands.
bool IsTooSmall(std::string_view text) {
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_of("123456789");
  std::string_view exponent = text.substr(std::min(exponent_at + 1, text.size()));
  const bool is_negative = !exponent.empty() && exponent.front() == '-';
  exponent.remove_prefix(exponent.find_first_of("+-") == 0 ? 1 : 0);
  std::int64_t value = std::numeric_limits<std::int32_t>::max();
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
  if (exponent.empty()) {
    value = 0;
  }
  const std::int64_t shift = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  return shift + (is_negative ? -value : value) < 0;
}

std::optional<double> ReadFraction(std::string_view text) {
  // The library would read more: `infinity`, `nan(x)`.
  if (!std::all_of(text.begin(), text.end(), [](char c) {
        return IsDigit(c) || std::string_view(".eE+-").find(c) != std::string_view::npos;
      })) {
    return std::nullopt;
  }
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || (error != std::errc{} && error != std::errc::result_out_of_range)) {
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    return IsTooSmall(text) ? std::optional<double>(0.0) : std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<double> ReadNumber(std::string_view text) {
  const std::string word = Lower(text);
  if (word == "inf" || word == "nan") {
    return word == "inf" ? std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (text.empty() || !AreUnderscoresRight(text)) {
    return std::nullopt;
  }
  std::string digits(text);
  std::erase(digits, '_');
  const auto integer = ReadInteger(digits);
  return integer ? integer : ReadFraction(digits);
}

std::optional<nanoseconds> ReadDuration(std::string_view text) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::uint64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{}) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const std::string_view name =
        text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const auto* const unit = std::find_if(kUnits.begin() + next_unit, kUnits.end(),
                                          [name](const Unit& each) { return each.name == name; });
    if (unit == kUnits.end() || count > (kMost - total) / unit->nanoseconds) {
      return std::nullopt;
    }
    total += count * unit->nanoseconds;
    next_unit = static_cast<std::size_t>(unit - kUnits.begin()) + 1;
    text.remove_prefix(name.size());
  }
  return nanoseconds(static_cast<std::int64_t>(total));
}

bool IsDurationInRange(double seconds) {
  return std::abs(seconds) <= kTooMany / kNanosecondsInSecond;
}

nanoseconds FromSeconds(double seconds) {
  const double count = std::round(seconds * kNanosecondsInSecond);
  if (!(std::abs(count) < kTooMany)) {
    return count < 0 ? nanoseconds(-nanoseconds::max().count()) : nanoseconds::max();
  }
  return nanoseconds(static_cast<std::int64_t>(count));
}

std::string PrintNumber(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-Inf" : "+Inf";
  }
  // `d.ddde±dd`; the digits are laid out without the exponent.
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                    std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data()));
  const std::size_t exponent_at = text.find('e');
  std::string digits(text.substr(0, exponent_at));
  std::erase(digits, '.');
  int exponent = 0;
  const std::size_t number_at = exponent_at + (text[exponent_at + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + number_at, text.data() + text.size(), exponent);
  if (exponent < 0) {
    digits.insert(0, static_cast<std::size_t>(-exponent), '0');
    exponent = 0;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) {
    digits.append(whole - digits.size(), '0');
  } else if (digits.size() > whole) {
    digits.insert(whole, 1, '.');
  }
  return (std::signbit(value) ? "-" : "") + digits;
}

std::string PrintDuration(nanoseconds duration) {
  const bool is_negative = duration.count() < 0;
  auto left = static_cast<std::uint64_t>(is_negative ? -duration.count() : duration.count());
  left -= left % kMillisecond;
  std::string text;
  for (const Unit& unit : kUnits) {
    const bool is_whole = left % unit.nanoseconds == 0;
    const std::uint64_t count = unit.only_exactly && !is_whole ? 0 : left / unit.nanoseconds;
    if (count > 0) {
      text += std::to_string(count) + std::string(unit.name);
      left -= count * unit.nanoseconds;
    }
  }
  return text.empty() ? "0s" : (is_negative ? "-" : "") + text;
}

std::string PrintSeconds(std::int64_t milliseconds) {
  std::array<char, 64> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                    static_cast<double>(milliseconds) / 1000.0, std::chars_format::fixed, 3);
  return {buffer.data(), result.ptr};
}

}  // namespace promtally::promql
