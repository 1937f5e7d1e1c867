// SPDX-License-Identifier: Apache-2.0
#include "inference/lag_windows.h"

#include <cmath>

#include <fmt/format.h>

namespace promtally::inference {
namespace {

constexpr std::size_t kMostValues = (1ULL << 30U) / sizeof(float);

}  // namespace

base::Result<LagWindows> MakeLagWindows(const std::vector<std::vector<double>>& series,
                                        std::size_t steps_back, std::size_t horizon) {
  const std::size_t size = series.empty() ? 0 : series.front().size();
  if (steps_back < 1 || horizon < 1) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "steps back and horizon must be at least 1");
  }
  if (size < horizon || size - horizon < steps_back) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      fmt::format("{} values are too few for windows of {} steps that predict {} "
                                  "ahead",
                                  size, steps_back, horizon));
  }
  LagWindows windows;
  windows.columns = steps_back * series.size();
  const std::size_t most = size - steps_back - horizon + 1;
  if (most > kMostValues / windows.columns) {
    return base::Fail(
        base::ErrorCode::kTooLarge,
        fmt::format("{} windows of {} values are more than 1 GiB", most, windows.columns));
  }
  windows.rows.reserve(most * windows.columns);
  for (std::size_t begin = 0; begin < most; ++begin) {
    const std::size_t target = begin + steps_back + horizon - 1;
    const auto label = static_cast<float>(series.front()[target]);
    if (!std::isfinite(label)) {
      continue;
    }
    windows.labels.push_back(label);
    windows.targets.push_back(target);
    for (const std::vector<double>& values : series) {
      for (std::size_t i = begin; i < begin + steps_back; ++i) {
        windows.rows.push_back(static_cast<float>(values[i]));
      }
    }
  }
  return windows;
}

std::vector<std::string> LagNames(const std::vector<std::string>& series, std::size_t steps_back) {
  std::vector<std::string> names;
  for (const std::string& name : series) {
    for (std::size_t lag = steps_back; lag >= 1; --lag) {
      names.push_back((series.size() > 1 ? name + "_" : "") + "lag_" + std::to_string(lag));
    }
  }
  return names;
}

}  // namespace promtally::inference
