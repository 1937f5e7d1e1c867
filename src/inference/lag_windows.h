// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

/// Rows for supervised learning from series: the last `steps_back` values of each series, oldest
/// first, series after series; the label is the first series' value `horizon` steps after the
/// window. Steps without a label are left out; a missing value in a window is NaN.
struct LagWindows {
  std::size_t columns = 0;
  std::vector<float> rows;
  std::vector<float> labels;
  std::vector<std::size_t> targets;  ///< the step of each label

  [[nodiscard]] std::size_t size() const { return labels.size(); }
  /// Rows and labels from `begin` to `end`.
  [[nodiscard]] std::span<const float> RowsOf(std::size_t begin, std::size_t end) const {
    return std::span(rows).subspan(begin * columns, (end - begin) * columns);
  }
  [[nodiscard]] std::span<const float> LabelsOf(std::size_t begin, std::size_t end) const {
    return std::span(labels).subspan(begin, end - begin);
  }
};

/// All series have one length. kInvalidArgument when they give no row, kTooLarge above 1 GiB.
[[nodiscard]] base::Result<LagWindows> MakeLagWindows(
    const std::vector<std::vector<double>>& series, std::size_t steps_back, std::size_t horizon);

/// `lag_12` … `lag_1`, with several series `NAME_lag_12` ….
[[nodiscard]] std::vector<std::string> LagNames(const std::vector<std::string>& series,
                                                std::size_t steps_back);

}  // namespace promtally::inference
