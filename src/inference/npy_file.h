// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

/// A matrix of NumPy's .npy format: version 1.0, C order, little-endian float32 or float64.
struct NpyMatrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> values;  ///< row by row
};

/// kParse for any other version, order, type or number of dimensions, and where the bytes behind
/// the header are not exactly the matrix.
[[nodiscard]] base::Result<NpyMatrix> ReadNpy(std::string_view bytes);

/// As float32. `values` are whole rows.
[[nodiscard]] std::string WriteNpy(std::span<const float> values, std::size_t columns);

}  // namespace promtally::inference
