// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "inference/baseline.h"
#include "inference/error_metrics.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"

namespace promtally::inference {

/// JSON whose members keep their order.
using Json = nlohmann::ordered_json;

/// One version of a model as the store keeps it. A value; what the payload means is known by the
/// type alone (open_model.cc).
struct ModelRecord {
  std::string name;
  int version = 0;   ///< given by the store, from 1; never given twice
  std::string type;  ///< xgboost, arima, …
  base::Instant created;
  Json parameters = Json::object();     ///< what the training was asked for
  std::vector<std::string> features;    ///< names, where the model has them
  std::optional<ErrorMetrics> metrics;  ///< of the test part; absent: there was none
  std::optional<Baseline> baseline;     ///< likewise
  std::string training_digest;          ///< SHA-256 of the data in hexadecimal; empty: imported
  Json details = Json::object();        ///< what else `train` and `import` say, in their order
  std::string payload;                  ///< all that a prediction needs, any bytes
};

/// `NAME`, `NAME:VERSION` or `NAME:latest`.
struct ModelReference {
  std::string name;
  std::optional<int> version;  ///< absent: the newest
};

/// Letters, digits, `_`, `-` and `.`, no dot first, at most 128 bytes.
[[nodiscard]] bool IsModelName(std::string_view text);
[[nodiscard]] base::Result<ModelReference> ParseModelReference(std::string_view text);
[[nodiscard]] std::string ToText(const ModelReference& reference);

/// `{"mae":…,"rmse":…,"mape":…,"smape":…,"r2":…}`; what is not defined is null.
[[nodiscard]] Json ToJson(const ErrorMetrics& metrics);
/// `{"name":…,"metrics":{…},"beaten":…}`; null without a baseline. `beaten` compares mae.
[[nodiscard]] Json BaselineJson(const std::optional<Baseline>& baseline,
                                const std::optional<ErrorMetrics>& metrics);
/// The line that `train`, `import` and `show` print: name, version, type, metrics, baseline, then
/// the details.
[[nodiscard]] Json SummaryJson(const ModelRecord& record);

/// A record as a file of the store, and back: checksums of both parts stand in its first line.
/// kParse for a file that is cut, changed or followed by anything.
[[nodiscard]] std::string EncodeRecord(const ModelRecord& record);
[[nodiscard]] base::Result<ModelRecord> DecodeRecord(std::string_view bytes);

}  // namespace promtally::inference
