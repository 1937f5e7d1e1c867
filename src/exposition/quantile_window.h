// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::exposition {

/// A quantile in (0, 1) or at its ends, and the error of its rank that is allowed: the value for
/// {0.99, 0.001} lies between the true quantiles 0.989 and 0.991.
using QuantileTarget = std::pair<double, double>;

/// Quantiles of a stream of numbers in little memory (Cormode, Korn, Muthukrishnan, Srivastava:
/// "Effective computation of biased quantiles over data streams", targeted quantiles). `targets`
/// is passed to each call and always the same; it is not kept, for it is shared by many streams.
class QuantileStream {
 public:
  void Insert(const std::vector<QuantileTarget>& targets, double value);
  /// NaN when nothing was inserted.
  [[nodiscard]] double Get(const std::vector<QuantileTarget>& targets, double quantile);
  void Clear();
  [[nodiscard]] bool IsEmpty() const { return count_ == 0 && buffer_.empty(); }
  /// Items kept; for tests.
  [[nodiscard]] std::size_t size() const { return items_.size() + buffer_.size(); }

 private:
  struct Item {
    double value = 0;
    std::uint64_t gap = 0;    // lowest rank minus that of the item before
    std::uint64_t slack = 0;  // highest rank minus lowest
  };

  void Flush();
  void Compress(const std::vector<QuantileTarget>& targets);

  std::vector<Item> items_;     // by value
  std::vector<double> buffer_;  // not yet among the items
  std::uint64_t count_ = 0;     // of the items
};

/// Quantiles of what was observed within the last `max_age`, as client libraries have them: five
/// streams that begin a fifth of max_age apart, all are fed, the oldest is read and then begins
/// anew. What is read therefore covers between four fifths and all of max_age.
///
/// prometheus-cpp's class of this kind takes 20 KB a series from the start and reads the steady
/// clock itself; here the owner says what time it is, and memory grows with what is observed.
class QuantileWindow {
 public:
  QuantileWindow(base::Milliseconds max_age, base::Instant now);
  void Insert(const std::vector<QuantileTarget>& targets, double value, base::Instant now);
  [[nodiscard]] double Get(const std::vector<QuantileTarget>& targets, double quantile,
                           base::Instant now);

 private:
  static constexpr std::size_t kStreams = 5;
  void Rotate(base::Instant now);

  std::array<QuantileStream, kStreams> streams_;
  std::size_t oldest_ = 0;
  base::Milliseconds step_;
  base::Instant rotated_;
};

}  // namespace promtally::exposition
