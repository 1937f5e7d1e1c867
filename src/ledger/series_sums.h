// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ledger/quantity_column.h"
#include "promtally/metering/period.h"

namespace promtally::ledger {

/// Sums per series while records are read in (period, series) order. Neighbouring periods have
/// nearly the same series in the same order, so the slot that is wanted mostly follows the last one
/// and no look-up is needed.
class SeriesSums {
 public:
  struct Slot {
    std::int64_t series_id = 0;
    QuantitySum positive;
    QuantitySum negative;
    QuantitySum correction;  ///< by later revisions
    std::int64_t records = 0;
    metering::Period extent;
  };

  /// The slot of a series; its record count and extent take in one more record of `period`.
  Slot& Enter(std::int64_t series_id, metering::Period period) {
    if (next_ == slots_.size() || slots_[next_].series_id != series_id) {
      next_ = Find(series_id);
    }
    Slot& slot = slots_[next_];
    if (slot.records++ == 0) {
      slot.extent = period;
    }
    slot.extent.begin = std::min(slot.extent.begin, period.begin);
    slot.extent.end = std::max(slot.extent.end, period.end);
    ++next_;
    return slot;
  }
  /// The next period begins with the first series again.
  void StartPeriod() { next_ = 0; }
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] const Slot* Lookup(std::int64_t series_id) const {
    const auto found = index_.find(series_id);
    return found == index_.end() ? nullptr : &slots_[found->second];
  }

 private:
  std::size_t Find(std::int64_t series_id) {
    const auto [found, is_new] = index_.try_emplace(series_id, slots_.size());
    if (is_new) {
      slots_.emplace_back().series_id = series_id;
    }
    return found->second;
  }

  std::vector<Slot> slots_;
  std::unordered_map<std::int64_t, std::size_t> index_;
  std::size_t next_ = 0;
};

}  // namespace promtally::ledger
