// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "inference/model.h"

namespace promtally::inference {

// How far the newest value of a window is from the values before it. NaN in the window is left out.
// Nothing: fewer than two values before it, a newest value that is missing, or values that are all
// equal and a newest one that is not, for which no scale exists.

/// (newest - mean) / standard deviation (n - 1).
[[nodiscard]] std::optional<double> ZScore(std::span<const double> before, double newest);

/// (newest - median) / (1.4826 · MAD), the median absolute deviation; where that is 0, 1.2533 times
/// the mean absolute deviation takes its place (Iglewicz and Hoaglin 1993). Single outliers in the
/// window do not hide the next one.
[[nodiscard]] std::optional<double> MadScore(std::span<const double> before, double newest);

enum class AnomalyKind { kZScore, kMad };

/// A model whose rows are windows, newest value last, and whose prediction is the score. It needs
/// no training.
[[nodiscard]] std::unique_ptr<Model> MakeAnomalyModel(AnomalyKind kind);

}  // namespace promtally::inference
