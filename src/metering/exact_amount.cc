// SPDX-License-Identifier: Apache-2.0
#include "metering/exact_amount.h"

#include <algorithm>

namespace promtally::metering {

using base::Decimal;

StreamUsage& StreamUsages::Of(std::uint32_t stream) {
  for (auto usage = usages_.rbegin(); usage != usages_.rend(); ++usage) {
    if (usage->stream == stream) {
      return *usage;
    }
  }
  usages_.emplace_back().stream = stream;
  return usages_.back();
}

void StreamUsages::Touch(std::uint32_t stream, std::int64_t from_ms, std::int64_t to_ms,
                         bool covers, const ExactWindow& window) {
  const std::int64_t from = std::max(from_ms, window.begin_ms);
  const std::int64_t to = std::min(to_ms, window.end_ms);
  if (to <= from) {
    return;
  }
  StreamUsage& usage = Of(stream);
  usage.evidence.covered_ms += covers ? to - from : 0;
  usage.evidence.largest_gap_ms = std::max(usage.evidence.largest_gap_ms, to_ms - from_ms);
  usage.alive_from_ms = std::min(usage.alive_from_ms.value_or(from), from);
  usage.alive_to_ms = std::max(usage.alive_to_ms, to);
}

void StreamUsages::Count(const Point& point) {
  StreamUsage& usage = Of(point.stream);
  UsageEvidence& evidence = usage.evidence;
  usage.has_record = true;
  evidence.first_ms = evidence.samples == 0 ? point.time_ms : evidence.first_ms;
  evidence.last_ms = point.time_ms;
  ++evidence.samples;
}

std::vector<StreamUsage> StreamUsages::Finish() {
  std::erase_if(usages_, [](const StreamUsage& usage) { return !usage.has_record; });
  for (StreamUsage& usage : usages_) {
    usage.evidence.series = 1;
    usage.evidence.alive_ms = usage.alive_from_ms ? usage.alive_to_ms - *usage.alive_from_ms : 0;
  }
  return std::move(usages_);
}

Decimal ToTwelvePlaces(const Decimal& numerator, const Decimal& denominator) {
  static const Decimal kScale = Decimal::FromScaled(1, 12);
  static const Decimal kHalf = Decimal::FromScaled(5, -1);
  // Far more digits than the denominators here (milliseconds, doubled) can need to tell a half.
  constexpr int kSpareDigits = 40;
  const Decimal scaled = numerator * kScale;
  const int digits = scaled.Digits() + denominator.Digits() + kSpareDigits;
  const Decimal quotient = Decimal::Divide(scaled, denominator, digits, base::Rounding::kHalfEven);
  Decimal whole = quotient.Floor();
  const Decimal rest = quotient - whole;
  if (rest > kHalf || (rest == kHalf && !(whole * kHalf).IsInteger())) {
    whole += 1;
  }
  return whole * Decimal::FromScaled(1, -12);
}

Decimal ShareOf(const Decimal& amount, std::int64_t part_ms, std::int64_t whole_ms) {
  return ToTwelvePlaces(amount * Decimal(part_ms), Decimal(whole_ms));
}

}  // namespace promtally::metering
