// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/time.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace promtally::base {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Reads exactly `width` digits off the front.
std::optional<int> TakeNumber(std::string_view* text, std::size_t width) {
  if (text->size() < width) {
    return std::nullopt;
  }
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!IsDigit((*text)[i])) {
      return std::nullopt;
    }
    value = value * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(width);
  return value;
}

bool Take(std::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) {
    return false;
  }
  text->remove_prefix(1);
  return true;
}

/// `.123456` behind the seconds, cut to milliseconds; nothing there is 0.
std::optional<int> TakeFraction(std::string_view* text) {
  if (text->empty() || text->front() != '.') {
    return 0;
  }
  text->remove_prefix(1);
  int milliseconds = 0;
  std::size_t digits = 0;
  while (!text->empty() && IsDigit(text->front())) {
    if (digits < 3) {
      milliseconds = milliseconds * 10 + (text->front() - '0');
    }
    ++digits;
    text->remove_prefix(1);
  }
  for (std::size_t i = digits; i < 3; ++i) {
    milliseconds *= 10;
  }
  return digits == 0 || digits > 9 ? std::nullopt : std::optional(milliseconds);
}

std::optional<Seconds> TakeOffset(std::string_view* text) {
  if (Take(text, 'Z') || Take(text, 'z')) {
    return Seconds(0);
  }
  const bool east = Take(text, '+');
  if (!east && !Take(text, '-')) {
    return std::nullopt;
  }
  const auto hours = TakeNumber(text, 2);
  const bool colon = Take(text, ':');
  const auto minutes = TakeNumber(text, 2);
  if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  const Seconds offset(*hours * 3600 + *minutes * 60);
  return east ? offset : -offset;
}

struct CivilTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<Instant> FromCivil(const CivilTime& civil) {
  const std::chrono::year_month_day date{std::chrono::year(civil.year),
                                         std::chrono::month(static_cast<unsigned>(civil.month)),
                                         std::chrono::day(static_cast<unsigned>(civil.day))};
  if (!date.ok() || civil.year < 1970 || civil.hour > 23 || civil.minute > 59 ||
      civil.second > 59) {
    return std::nullopt;
  }
  return Instant(sys_days(date)) + Seconds(civil.hour * 3600 + civil.minute * 60 + civil.second);
}

std::optional<Instant> ParseRfc3339(std::string_view text) {
  const auto year = TakeNumber(&text, 4);
  const bool dash = Take(&text, '-');
  const auto month = TakeNumber(&text, 2);
  const bool dash2 = Take(&text, '-');
  const auto day = TakeNumber(&text, 2);
  const bool t = Take(&text, 'T') || Take(&text, 't') || Take(&text, ' ');
  const auto hour = TakeNumber(&text, 2);
  const bool colon = Take(&text, ':');
  const auto minute = TakeNumber(&text, 2);
  const bool colon2 = Take(&text, ':');
  const auto second = TakeNumber(&text, 2);
  if (!year || !dash || !month || !dash2 || !day || !t || !hour || !colon || !minute || !colon2 ||
      !second) {
    return std::nullopt;
  }
  const auto fraction = TakeFraction(&text);
  const auto offset = TakeOffset(&text);
  const auto instant = FromCivil({*year, *month, *day, *hour, *minute, *second});
  if (!fraction || !offset || !text.empty() || !instant) {
    return std::nullopt;
  }
  const Instant result = *instant + Milliseconds(*fraction) - *offset;
  return result < Instant{} ? std::nullopt : std::optional(result);
}

/// 9999-12-31T23:59:59Z
constexpr std::int64_t kLastSecond = 253402300799;

std::optional<Instant> ParseUnix(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || text.empty() || !IsDigit(text.front()) || seconds > kLastSecond) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto fraction = TakeFraction(&text);
  if (!fraction || !text.empty()) {
    return std::nullopt;
  }
  return FromUnixSeconds(seconds) + Milliseconds(*fraction);
}

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 7> kUnits{{{"y", 31'536'000'000},
                                      {"w", 604'800'000},
                                      {"d", 86'400'000},
                                      {"h", 3'600'000},
                                      {"m", 60'000},
                                      {"s", 1000},
                                      {"ms", 1}}};

}  // namespace

std::string ToText(Instant instant) {
  const auto day = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  const auto milliseconds = time.subseconds().count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     milliseconds == 0 ? std::string() : fmt::format(".{:03}", milliseconds));
}

Result<Instant> ParseInstant(std::string_view text) {
  if (const auto instant = ParseRfc3339(text)) {
    return *instant;
  }
  if (const auto instant = ParseUnix(text)) {
    return *instant;
  }
  return Fail(ErrorCode::kParse,
              fmt::format("\"{}\" is no time (RFC 3339 such as 2025-06-01T02:00:00Z, or Unix "
                          "seconds)",
                          text.substr(0, 64)));
}

Result<Instant> ParseTimeArgument(std::string_view text, Instant now) {
  if (text == "now") {
    return now;
  }
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    const auto duration = ParseDuration(text.substr(1));
    if (duration) {
      return text.front() == '-' ? now - *duration : now + *duration;
    }
  }
  if (auto instant = ParseInstant(text)) {
    return instant;
  }
  return Fail(ErrorCode::kParse,
              fmt::format("\"{}\" is no time (RFC 3339 such as 2025-06-01T02:00:00Z, Unix "
                          "seconds, now, or relative such as -24h)",
                          text.substr(0, 64)));
}

Result<Milliseconds> ParseDuration(std::string_view text) {
  const auto fail = [text] {
    return Fail(ErrorCode::kParse, fmt::format("\"{}\" is no duration (such as 1h, 90s or 1h30m)",
                                               text.substr(0, 64)));
  };
  if (text == "0") {
    return Milliseconds(0);
  }
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  do {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc{} || rest.empty() || !IsDigit(rest.front())) {
      return fail();
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) {
      ++next_unit;
    }
    std::int64_t product = 0;
    if (next_unit == kUnits.size() ||
        __builtin_mul_overflow(count, kUnits[next_unit].milliseconds, &product) ||
        __builtin_add_overflow(total, product, &total)) {
      return fail();
    }
    ++next_unit;
    rest.remove_prefix(name.size());
  } while (!rest.empty());
  return Milliseconds(total);
}

std::string ToText(Milliseconds duration) {
  if (duration.count() == 0) {
    return "0s";
  }
  std::string text = duration.count() < 0 ? "-" : "";
  std::int64_t rest = duration.count() < 0 ? -duration.count() : duration.count();
  for (const Unit& unit : kUnits) {
    if (unit.name == "y" || unit.name == "w") {
      continue;  // a year or a week reads worse than its days
    }
    if (rest >= unit.milliseconds) {
      text += std::to_string(rest / unit.milliseconds);
      text += unit.name;
      rest %= unit.milliseconds;
    }
  }
  return text;
}

Result<Instant> ParseHttpDate(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto fail = [text] {
    return Fail(ErrorCode::kParse, fmt::format("\"{}\" is no HTTP date", text.substr(0, 64)));
  };
  // "Sun, 22 Nov 2026 10:04:30 GMT"
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') {
    return fail();
  }
  const auto number = [text](std::size_t at, std::size_t width) {
    std::string_view part = text.substr(at, width);
    return TakeNumber(&part, width);
  };
  const std::size_t month = kMonths.find(text.substr(8, 3));
  const auto day = number(5, 2);
  const auto year = number(12, 4);
  const auto hour = number(17, 2);
  const auto minute = number(20, 2);
  const auto second = number(23, 2);
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute ||
      !second) {
    return fail();
  }
  const auto instant =
      FromCivil({*year, static_cast<int>(month / 3) + 1, *day, *hour, *minute, *second});
  return instant ? Result<Instant>(*instant) : fail();
}

}  // namespace promtally::base
