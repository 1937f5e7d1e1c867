// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "promtally/metering/promql_evaluator.h"

namespace promtally::metering {

/// Kahan's summation with Neumaier's improvement, step by step as Prometheus does it
/// (kahansum.Inc), so that results are the same doubles. Prometheus 3 drops the compensation when
/// the sum overflows; 2.42 does not.
struct KahanSum {
  double sum = 0;
  double compensation = 0;

  void Add(double value, PromqlSemantics semantics) {
    const double total = sum + value;
    if (std::isinf(total) && semantics == PromqlSemantics::kPrometheus3) {
      compensation = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      compensation += (sum - total) + value;
    } else {
      compensation += (value - total) + sum;
    }
    sum = total;
  }
  [[nodiscard]] double Total() const { return sum + compensation; }
};

/// Prometheus 3's mean: the compensated sum divided at the end, and followed from value to value
/// only from where the sum would overflow.
class DirectMean {
 public:
  explicit DirectMean(double first) : sum_{first, 0} {}

  void Add(double value) {
    ++count_;
    if (!is_incremental_) {
      KahanSum next = sum_;
      next.Add(value, PromqlSemantics::kPrometheus3);
      if (!std::isinf(next.sum)) {
        sum_ = next;
        return;
      }
      is_incremental_ = true;
      sum_ = {sum_.sum / (count_ - 1), sum_.compensation / (count_ - 1)};
    }
    const double share = (count_ - 1) / count_;
    sum_ = {share * sum_.sum, share * sum_.compensation};
    sum_.Add(value / count_, PromqlSemantics::kPrometheus3);
  }
  [[nodiscard]] double Value() const {
    return is_incremental_ ? sum_.Total() : sum_.sum / count_ + sum_.compensation / count_;
  }

 private:
  KahanSum sum_;  // of the values; once it is incremental, their mean
  double count_ = 1;
  bool is_incremental_ = false;
};

/// Prometheus 2 follows the mean from value to value; an infinite one stays unless NaN or the other
/// infinity comes.
[[nodiscard]] inline bool KeepsInfiniteMean(double mean, double value) {
  return std::isinf(mean) &&
         (std::isfinite(value) || (std::isinf(value) && (mean > 0) == (value > 0)));
}

}  // namespace promtally::metering
