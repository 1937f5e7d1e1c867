// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace promtally::inference {

/// Value and gradient of a smooth function; not finite where the function is not defined.
using Objective = std::function<double(std::span<const double> at, std::span<double> gradient)>;

struct MinimizeOptions {
  double gradient_tolerance = 1e-8;  ///< on the largest slope
  double value_tolerance = 1e-13;    ///< relative change of the value, twice in a row
  double longest_step = 1.0;         ///< of one variable
  int iterations = 200;
};

struct Minimum {
  std::vector<double> at;
  double value = 0;  ///< infinite where the start is not defined
  std::vector<double> gradient;
  bool converged = false;
};

/// A local minimum by BFGS with a backtracking line search (Nocedal and Wright 2006, 6.1 and 3.1).
/// Made for a handful of variables.
[[nodiscard]] Minimum Minimize(const Objective& objective, std::vector<double> start,
                               const MinimizeOptions& options);

}  // namespace promtally::inference
