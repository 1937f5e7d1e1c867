// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inference/rows.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// What a model says of one row.
struct Prediction {
  /// One value; several for a model of several classes or steps ahead. Empty: not predicted.
  std::vector<double> values;
  std::optional<double> lower;  ///< of the first value, where the model knows its error
  std::optional<double> upper;
  std::optional<double> confidence;   ///< as the server says it, no probability
  std::vector<double> contributions;  ///< of each feature, then the bias; on request only
  std::string model_version;          ///< as a remote server says it
  std::string reason;                 ///< why there are no values
};

struct PredictOptions {
  int threads = 1;
  bool contributions = false;
  std::size_t horizon = 1;  ///< steps ahead, for models of a series
};

/// What predicts from rows of float32 in memory without a copy, for large batches.
class DensePredictor {
 public:
  virtual ~DensePredictor() = default;
  /// Values a row.
  [[nodiscard]] virtual std::size_t outputs() const = 0;
  /// `rows` are row-major with the model's columns() values each, NaN is missing; `out` takes
  /// outputs() values a row. kInvalidArgument for sizes that are no whole rows.
  [[nodiscard]] virtual base::Status PredictDense(std::span<const float> rows, int threads,
                                                  std::span<float> out) const = 0;
};

/// A function from feature windows to predictions, embedded or remote. Predict may be called from
/// several threads at once. One prediction a row, in the order of the rows.
class Model {
 public:
  virtual ~Model() = default;

  [[nodiscard]] virtual const std::string& type() const = 0;
  /// The names of the features where the model has them.
  [[nodiscard]] virtual const std::vector<std::string>& features() const = 0;
  /// How many values a row must have; 0: any number.
  [[nodiscard]] virtual std::size_t columns() const = 0;
  /// An error speaks of the whole batch (a wrong shape, no answer); a row that could not be
  /// predicted has a reason.
  [[nodiscard]] virtual base::Result<std::vector<Prediction>> Predict(
      const Rows& rows, const PredictOptions& options) const = 0;
  /// nullptr where the model has no such way.
  [[nodiscard]] virtual const DensePredictor* dense() const { return nullptr; }
};

}  // namespace promtally::inference
