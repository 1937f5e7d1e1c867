// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace promtally::inference {

/// A batch of feature rows, row-major; NaN is a missing value. For a model of a series a row is a
/// window: oldest value first.
struct Rows {
  std::size_t columns = 0;
  std::vector<std::string> names;  ///< of the columns; empty: columns are known by place
  std::vector<double> values;      ///< size() * columns of them

  [[nodiscard]] std::size_t size() const { return columns == 0 ? 0 : values.size() / columns; }
  [[nodiscard]] std::span<const double> row(std::size_t index) const {
    return std::span(values).subspan(index * columns, columns);
  }
};

}  // namespace promtally::inference
