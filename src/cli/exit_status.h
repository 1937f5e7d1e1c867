// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace promtally::cli {

inline constexpr int kDone = 0;
inline constexpr int kIncomplete = 1;  ///< the work failed or is not complete
inline constexpr int kWrongUsage = 2;
inline constexpr int kBadConfiguration = 3;
inline constexpr int kUnreachable = 4;  ///< no source could be reached
inline constexpr int kInternalError = 70;

}  // namespace promtally::cli
