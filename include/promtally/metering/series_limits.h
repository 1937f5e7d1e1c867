// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace promtally::metering {

/// What the series of one spec and period may be. More series fail the period; a series over one of
/// the other limits is rejected (label_too_long).
struct SeriesLimits {
  std::size_t series = 1'000'000;
  std::size_t labels = 64;  ///< of one series
  std::size_t label_name_bytes = 256;
  std::size_t label_value_bytes = 4096;
};

}  // namespace promtally::metering
