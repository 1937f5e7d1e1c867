// SPDX-License-Identifier: Apache-2.0
#include "inference/diffuse_filter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "inference/arma_covariance.h"

namespace promtally::inference {
namespace {

/// Below this share of its terms a diffuse variance is rounding, not information.
constexpr double kDiffuseShare = 1e-9;
constexpr double kSteady = 1e-13;

}  // namespace

std::optional<DiffuseFilter> DiffuseFilter::Make(const ArimaOrder& order,
                                                 const ArmaTerms<double>& terms) {
  const std::vector<double> column = StateCovarianceColumn(terms);
  if (column.empty()) {
    return std::nullopt;
  }
  DiffuseFilter filter;
  filter.arma_ = column.size();
  filter.unknown_levels_ = order.differences();
  filter.size_ = filter.arma_ + filter.unknown_levels_;
  filter.ar_ = terms.ar;
  filter.ar_.resize(filter.arma_, 0);
  filter.noise_ = {1};
  filter.noise_.insert(filter.noise_.end(), terms.ma.begin(), terms.ma.end());
  filter.noise_.resize(filter.arma_, 0);
  filter.observation_ = {{0, 1.0}};
  const std::vector<double> differences = DifferenceCoefficients(order);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (differences[i] != 0) {
      filter.observation_.emplace_back(filter.arma_ + i, differences[i]);
    }
  }
  filter.state_.assign(filter.size_, 0);
  filter.unit_state_.assign(filter.size_, 0);
  filter.StationaryStart(column);
  return filter;
}

void DiffuseFilter::StationaryStart(const std::vector<double>& column) {
  covariance_.assign(size_ * size_, 0);
  scratch_.assign(size_ * size_, 0);
  const auto at = [&](std::size_t i, std::size_t j) -> double& {
    return covariance_[i * size_ + j];
  };
  const auto column_at = [&](std::size_t i) { return i < arma_ ? column[i] : 0.0; };
  // P = T P T' + R R' element by element, from the end of the state backwards.
  for (std::size_t i = arma_; i-- > 0;) {
    for (std::size_t j = arma_; j-- > 0;) {
      const double later = i + 1 < arma_ && j + 1 < arma_ ? at(i + 1, j + 1) : 0.0;
      at(i, j) = later + ar_[i] * ar_[j] * column[0] + ar_[i] * column_at(j + 1) +
                 ar_[j] * column_at(i + 1) + noise_[i] * noise_[j];
    }
  }
  if (unknown_levels_ > 0) {
    diffuse_.assign(size_ * size_, 0);
    for (std::size_t i = arma_; i < size_; ++i) {
      diffuse_[i * size_ + i] = 1;
    }
  }
}

double DiffuseFilter::Dot(const std::vector<double>& vector) const {
  double sum = 0;
  for (const auto& [element, weight] : observation_) {
    sum += weight * vector[element];
  }
  return sum;
}

double DiffuseFilter::Prediction() const { return Dot(state_); }

std::vector<double> DiffuseFilter::TimesObservation(const Matrix& matrix) const {
  std::vector<double> product(size_, 0);
  for (const auto& [element, weight] : observation_) {
    const double* const row = matrix.data() + element * size_;  // symmetric
    for (std::size_t j = 0; j < size_; ++j) {
      product[j] += weight * row[j];
    }
  }
  return product;
}

DiffuseFilter::Step DiffuseFilter::Filter(double value) {
  Step step;
  const std::vector<double> to_state = TimesObservation(covariance_);
  step.variance = Dot(to_state);
  step.innovation = value - Dot(state_);
  step.unit = 1 - Dot(unit_state_);
  if (!std::isnan(value)) {
    double level_variance = 0;
    std::vector<double> to_levels;
    if (unknown_levels_ > 0) {
      to_levels = TimesObservation(diffuse_);
      level_variance = Dot(to_levels);
      double scale = 0;  // of all unknown levels: those seen here may be rounding alone
      for (std::size_t i = 0; i < size_; ++i) {
        scale = std::max(scale, diffuse_[i * size_ + i]);
      }
      step.diffuse = level_variance > kDiffuseShare * scale;
    }
    if (step.diffuse) {
      UpdateDiffuse(step, to_levels, level_variance, to_state);
    } else {
      Update(step, to_state);
    }
  }
  MoveState(state_);
  MoveState(unit_state_);
  const bool observed = !std::isnan(value);
  if (steady_ && observed) {
    return step;  // the covariance after this value is the one before it
  }
  steady_ = false;
  MoveCovariance(covariance_);
  for (std::size_t i = 0; i < arma_; ++i) {
    for (std::size_t j = 0; j < arma_; ++j) {
      covariance_[i * size_ + j] += noise_[i] * noise_[j];
    }
  }
  if (unknown_levels_ > 0) {
    MoveCovariance(diffuse_);
  } else {
    steady_ = NearSteady();
  }
  return step;
}

void DiffuseFilter::UpdateDiffuse(const Step& step, const std::vector<double>& to_levels,
                                  double level_variance, const std::vector<double>& to_state) {
  const double inverse = 1 / level_variance;
  const double ratio = step.variance * inverse * inverse;
  for (std::size_t i = 0; i < size_; ++i) {
    state_[i] += to_levels[i] * inverse * step.innovation;
    for (std::size_t j = 0; j < size_; ++j) {
      covariance_[i * size_ + j] +=
          to_levels[i] * to_levels[j] * ratio -
          (to_state[i] * to_levels[j] + to_levels[i] * to_state[j]) * inverse;
      diffuse_[i * size_ + j] -= to_levels[i] * to_levels[j] * inverse;
    }
  }
  --unknown_levels_;
}

void DiffuseFilter::Update(const Step& step, const std::vector<double>& to_state) {
  if (!(step.variance > 0)) {
    return;  // the value was known beforehand: nothing to learn
  }
  const double inverse = 1 / step.variance;
  for (std::size_t i = 0; i < size_; ++i) {
    state_[i] += to_state[i] * inverse * step.innovation;
    unit_state_[i] += to_state[i] * inverse * step.unit;
  }
  if (steady_) {
    return;
  }
  for (std::size_t i = 0; i < size_; ++i) {
    const double factor = to_state[i] * inverse;
    double* const row = covariance_.data() + i * size_;
    for (std::size_t j = 0; j < size_; ++j) {
      row[j] -= factor * to_state[j];
    }
  }
}

void DiffuseFilter::MoveState(std::vector<double>& state) const {
  const double level = Dot(state);
  const double first = state[0];
  for (std::size_t i = 0; i < arma_; ++i) {
    state[i] = ar_[i] * first + (i + 1 < arma_ ? state[i + 1] : 0);
  }
  for (std::size_t i = size_ - 1; i > arma_; --i) {
    state[i] = state[i - 1];
  }
  if (size_ > arma_) {
    state[arma_] = level;
  }
}

void DiffuseFilter::MoveCovariance(Matrix& covariance) const {
  // T P by rows, then (T P) T' by the same moves of each row.
  for (std::size_t i = 0; i < size_; ++i) {
    double* const to = scratch_.data() + i * size_;
    if (i < arma_) {
      const double* const first = covariance.data();
      const double* const next = covariance.data() + (i + 1) * size_;
      const bool has_next = i + 1 < arma_;
      for (std::size_t j = 0; j < size_; ++j) {
        to[j] = ar_[i] * first[j] + (has_next ? next[j] : 0);
      }
    } else if (i == arma_) {
      std::fill(to, to + size_, 0);
      for (const auto& [element, weight] : observation_) {
        const double* const row = covariance.data() + element * size_;
        for (std::size_t j = 0; j < size_; ++j) {
          to[j] += weight * row[j];
        }
      }
    } else {
      std::copy_n(covariance.data() + (i - 1) * size_, size_, to);
    }
  }
  for (std::size_t i = 0; i < size_; ++i) {
    const double* const from = scratch_.data() + i * size_;
    double* const to = covariance.data() + i * size_;
    for (std::size_t j = 0; j < arma_; ++j) {
      to[j] = ar_[j] * from[0] + (j + 1 < arma_ ? from[j + 1] : 0);
    }
    if (size_ > arma_) {
      double level = 0;
      for (const auto& [element, weight] : observation_) {
        level += weight * from[element];
      }
      to[arma_] = level;
      std::copy(from + arma_, from + size_ - 1, to + arma_ + 1);
    }
  }
}

bool DiffuseFilter::NearSteady() const {
  // The covariance less that of one innovation is positive semidefinite: its diagonal bounds it.
  for (std::size_t i = 0; i < size_; ++i) {
    const double least = i < arma_ ? noise_[i] * noise_[i] : 0;
    if (covariance_[i * size_ + i] - least > kSteady * std::max(1.0, least)) {
      return false;
    }
  }
  return true;
}

}  // namespace promtally::inference
