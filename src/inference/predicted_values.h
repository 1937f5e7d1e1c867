// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "inference/model.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// An answer's body as JSON. kParse: it is none, a bare NaN is none either.
[[nodiscard]] base::Result<nlohmann::json> ParseAnswer(std::string_view body);

/// The finite numbers of a list, or of a list of lists, row-major; kParse for anything else in it.
[[nodiscard]] base::Result<std::vector<double>> FlatNumbers(const nlohmann::json& data);

/// `width` values a row; kParse: too few, too many, NaN or infinite.
[[nodiscard]] base::Result<std::vector<Prediction>> PerRow(const std::vector<double>& values,
                                                           std::size_t rows, std::size_t width,
                                                           const std::string& model_version);

/// A list with one item a row: a number, a list of numbers, or an object with one member (or the
/// member `output`) that is one.
[[nodiscard]] base::Result<std::vector<Prediction>> ItemPerRow(const nlohmann::json& list,
                                                               std::size_t rows,
                                                               const std::string& output,
                                                               const std::string& model_version);

}  // namespace promtally::inference
