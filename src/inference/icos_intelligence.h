// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

/// The ICOS Intelligence API: bodies of requests, and what its answers say. Every field is sent,
/// none as null, for the server has a default of its own for each.

struct IcosPredictRequest {
  std::string model_tag;
  int metric_type = 2;
  std::int64_t steps_back = 0;
  std::vector<std::vector<double>> inputs;  ///< input_1, input_2, …; oldest value first
  std::int64_t history_sample_size = 500;
  bool data_interruption = false;
  std::string history_data = "[]";  ///< a JSON list
};
[[nodiscard]] std::string ToJsonText(const IcosPredictRequest& request);

/// One output of a prediction: a finite number or a text.
struct IcosPrediction {
  std::optional<double> value;
  std::string text;  ///< where there is no number
  std::optional<double> confidence;
  std::optional<double> lower;
  std::optional<double> upper;
};
/// Reads an answer of /predict: a number, nested lists (their first number), or one object a
/// metric (`metric_0`, `metric_1`, …). kParse: nothing usable in it; never an empty list.
[[nodiscard]] base::Result<std::vector<IcosPrediction>> ReadIcosPrediction(std::string_view body);

/// Names of an answer of /show_models; nullopt: it is no such list.
struct IcosModel {
  std::string name;
  std::string version;
};
[[nodiscard]] std::optional<std::vector<IcosModel>> ReadIcosModels(std::string_view body);

}  // namespace promtally::inference
