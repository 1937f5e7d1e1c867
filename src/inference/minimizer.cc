// SPDX-License-Identifier: Apache-2.0
#include "inference/minimizer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace promtally::inference {
namespace {

constexpr double kSufficientDecrease = 1e-4;
constexpr int kHalvings = 30;

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

double Largest(std::span<const double> vector) {
  double largest = 0;
  for (const double element : vector) {
    largest = std::max(largest, std::fabs(element));
  }
  return largest;
}

/// The inverse Hessian as BFGS knows it, row by row.
class InverseHessian {
 public:
  explicit InverseHessian(std::size_t size) : size_(size), rows_(size * size, 0) { Reset(1); }

  void Reset(double scale) {
    std::fill(rows_.begin(), rows_.end(), 0);
    for (std::size_t i = 0; i < size_; ++i) {
      rows_[i * size_ + i] = scale;
    }
    fresh_ = true;
  }

  [[nodiscard]] std::vector<double> Direction(std::span<const double> gradient) const {
    std::vector<double> direction(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      direction[i] = -Dot(std::span(rows_).subspan(i * size_, size_), gradient);
    }
    return direction;
  }

  void Learn(std::span<const double> step, std::span<const double> change) {
    const double curvature = Dot(step, change);
    if (!(curvature > 1e-14 * std::sqrt(Dot(step, step) * Dot(change, change)))) {
      return;  // the line search saw no curvature: what is known stays
    }
    if (fresh_) {
      Reset(curvature / Dot(change, change));
      fresh_ = false;
    }
    std::vector<double> seen = Direction(change);  // -H y
    const double weight = (1 - Dot(change, seen) / curvature) / curvature;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < size_; ++j) {
        rows_[i * size_ + j] +=
            weight * step[i] * step[j] + (seen[i] * step[j] + step[i] * seen[j]) / curvature;
      }
    }
  }

 private:
  std::size_t size_;
  std::vector<double> rows_;
  bool fresh_ = true;
};

struct Trial {
  std::vector<double> at;
  std::vector<double> gradient;
  double value = 0;
};

/// A point along the direction with a sufficient decrease; false: there is none.
bool Search(const Objective& objective, const Minimum& from, std::span<const double> direction,
            double slope, double longest_step, Trial& trial) {
  double length = std::min(1.0, longest_step / std::max(Largest(direction), 1e-300));
  for (int i = 0; i < kHalvings; ++i) {
    for (std::size_t j = 0; j < direction.size(); ++j) {
      trial.at[j] = from.at[j] + length * direction[j];
    }
    trial.value = objective(trial.at, trial.gradient);
    const double allowed = from.value + kSufficientDecrease * length * slope;
    if (std::isfinite(trial.value) && trial.value <= allowed) {
      return true;
    }
    // The minimum of the parabola through both values and the slope.
    const double rise = trial.value - from.value - length * slope;
    const double best = rise > 0 && std::isfinite(rise) ? -slope * length * length / (2 * rise) : 0;
    length = std::clamp(best, 0.1 * length, 0.5 * length);
  }
  return false;
}

}  // namespace

Minimum Minimize(const Objective& objective, std::vector<double> start,
                 const MinimizeOptions& options) {
  const std::size_t size = start.size();
  Minimum minimum{std::move(start), 0, std::vector<double>(size), false};
  minimum.value = objective(minimum.at, minimum.gradient);
  if (!std::isfinite(minimum.value)) {
    minimum.value = std::numeric_limits<double>::infinity();
    return minimum;
  }
  InverseHessian inverse(size);
  Trial trial{std::vector<double>(size), std::vector<double>(size), 0};
  std::vector<double> step(size);
  std::vector<double> change(size);
  int quiet = 0;
  bool restarted = false;
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    if (Largest(minimum.gradient) <= options.gradient_tolerance || quiet >= 2) {
      minimum.converged = true;
      break;
    }
    std::vector<double> direction = inverse.Direction(minimum.gradient);
    double slope = Dot(direction, minimum.gradient);
    if (!(slope < 0) ||
        !Search(objective, minimum, direction, slope, options.longest_step, trial)) {
      if (std::exchange(restarted, true)) {
        minimum.converged = true;  // no lower point even along the gradient: rounding
        break;
      }
      inverse.Reset(1);
      continue;
    }
    restarted = false;
    for (std::size_t i = 0; i < size; ++i) {
      step[i] = trial.at[i] - minimum.at[i];
      change[i] = trial.gradient[i] - minimum.gradient[i];
    }
    inverse.Learn(step, change);
    const double gain = minimum.value - trial.value;
    quiet = gain <= options.value_tolerance * (1 + std::fabs(minimum.value)) ? quiet + 1 : 0;
    std::swap(minimum.at, trial.at);
    std::swap(minimum.gradient, trial.gradient);
    minimum.value = trial.value;
  }
  return minimum;
}

}  // namespace promtally::inference
