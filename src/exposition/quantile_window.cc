// SPDX-License-Identifier: Apache-2.0
#include "exposition/quantile_window.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace promtally::exposition {
namespace {

constexpr std::size_t kBuffer = 128;

// By how much the rank of an item may be unknown; at least 1. The bound of the paper is 2 * error *
// rank / quantile above the quantile and its mirror image below it; it never falls for an item
// while others are inserted, which is what keeps merged items within it.
double AllowedError(const std::vector<QuantileTarget>& targets, double rank, double count) {
  double allowed = count + 1;
  for (const auto& [quantile, error] : targets) {
    const double bound = rank <= quantile * count ? 2 * error * (count - rank) / (1 - quantile)
                                                  : 2 * error * rank / quantile;
    allowed = std::min(allowed, bound);  // a division by zero is infinite and never the smallest
  }
  return std::max(1.0, allowed);
}

}  // namespace

void QuantileStream::Insert(const std::vector<QuantileTarget>& targets, double value) {
  buffer_.push_back(value);
  if (buffer_.size() >= kBuffer) {
    Flush();
    Compress(targets);
  }
}

void QuantileStream::Clear() {
  items_ = {};
  buffer_ = {};
  count_ = 0;
}

void QuantileStream::Flush() {
  std::sort(buffer_.begin(), buffer_.end());
  std::vector<Item> merged;
  merged.reserve(items_.size() + buffer_.size());
  auto old = items_.begin();
  for (const double value : buffer_) {
    for (; old != items_.end() && old->value <= value; ++old) {
      merged.push_back(*old);
    }
    Item item{value, 1, 0};
    ++count_;
    if (!merged.empty() && old != items_.end()) {
      // Between two items its rank is as uncertain as that of the next one.
      item.slack = old->gap + old->slack - 1;
    }
    merged.push_back(item);
  }
  merged.insert(merged.end(), old, items_.end());
  items_ = std::move(merged);
  buffer_.clear();
}

void QuantileStream::Compress(const std::vector<QuantileTarget>& targets) {
  if (items_.size() < 3) {
    return;
  }
  // From the greatest down: an item is merged into the one above it. The first and the last stay.
  std::vector<Item> kept{items_.back()};
  std::uint64_t rank = count_ - items_.back().gap;  // lowest rank of the item that is looked at
  for (std::size_t i = items_.size() - 2; i > 0; --i) {
    const Item& item = items_[i];
    const std::uint64_t before = rank - item.gap;
    Item& above = kept.back();
    const auto together = static_cast<double>(item.gap + above.gap + above.slack);
    if (kept.size() > 1 && together <= AllowedError(targets, static_cast<double>(before),
                                                    static_cast<double>(count_))) {
      above.gap += item.gap;
    } else {
      kept.push_back(item);
    }
    rank = before;
  }
  kept.push_back(items_.front());
  std::reverse(kept.begin(), kept.end());
  items_ = std::move(kept);
}

double QuantileStream::Get(const std::vector<QuantileTarget>& targets, double quantile) {
  Flush();
  if (items_.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto count = static_cast<double>(count_);
  const double wanted = std::ceil(quantile * count);
  const double limit = wanted + AllowedError(targets, wanted, count) / 2;
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i + 1 < items_.size(); ++i) {
    rank += items_[i].gap;
    const Item& next = items_[i + 1];
    if (static_cast<double>(rank + next.gap + next.slack) > limit) {
      return items_[i].value;
    }
  }
  return items_.back().value;
}

QuantileWindow::QuantileWindow(base::Milliseconds max_age, base::Instant now)
    : step_(std::max(max_age / static_cast<int>(kStreams), base::Milliseconds(1))), rotated_(now) {}

void QuantileWindow::Insert(const std::vector<QuantileTarget>& targets, double value,
                            base::Instant now) {
  Rotate(now);
  for (QuantileStream& stream : streams_) {
    stream.Insert(targets, value);
  }
}

double QuantileWindow::Get(const std::vector<QuantileTarget>& targets, double quantile,
                           base::Instant now) {
  Rotate(now);
  return streams_[oldest_].Get(targets, quantile);
}

void QuantileWindow::Rotate(base::Instant now) {
  const auto steps = (now - rotated_) / step_;
  if (steps <= 0) {
    return;
  }
  const auto turns = std::min<std::int64_t>(steps, static_cast<std::int64_t>(kStreams));
  for (std::int64_t i = 0; i < turns; ++i) {
    streams_[oldest_].Clear();
    oldest_ = (oldest_ + 1) % kStreams;
  }
  rotated_ += steps * step_;
}

}  // namespace promtally::exposition
