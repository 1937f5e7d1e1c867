// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/time.h"
#include "promtally/metering/model_input.h"

namespace promtally::metering {

/// A score that needs no trained model: how far the newest value is from those before it.
enum class AnomalyScore { kNone, kZScore, kMad };

/// What a window does where a period has no record of its series.
enum class WindowGap {
  kDrop,    ///< this series is not predicted
  kRefuse,  ///< no series of the period is
  kHold,    ///< the value before it; a window that begins with a gap is dropped
  kZero,    ///< no record is no usage
  kNan,     ///< handed to the model as missing
};

/// What becomes of a forecast of several steps.
enum class StepsTo { kLast, kSum, kMean, kMin, kMax };

enum class OutputType { kGauge, kCounter, kInfo, kEnum };

/// What is exported after a prediction that failed.
enum class OnModelError {
  kStale,   ///< the last one; the period is not tried again
  kHold,    ///< the last one; the period stays open and is tried again, later ones wait for it
  kAbsent,  ///< nothing until a prediction succeeds again
};

/// What a model makes of a spec's committed usage (metrics.yml: `model`), validated. The windows
/// are the last `steps_back` periods of each label set, or values of a range query that ends with
/// the period.
struct ModelBlock {
  std::string name;   ///< of the output; unique among the specs and outputs of a job
  std::string model;  ///< NAME, NAME:VERSION or NAME:latest of the store, or a name of
                      ///< models.remote; empty with a score
  AnomalyScore score = AnomalyScore::kNone;
  std::optional<ModelInput> input;  ///< of a range query; absent: committed usage
  int steps_back = 24;
  int horizon = 1;
  StepsTo combine = StepsTo::kLast;
  base::Seconds every{0};  ///< predicts where a period ends at a multiple of it; 0: each period
  WindowGap missing = WindowGap::kDrop;
  OutputType type = OutputType::kGauge;
  std::vector<std::string> states;        ///< of an enum
  std::vector<base::Decimal> thresholds;  ///< one less than states, ascending; empty: a prediction
                                          ///< is the number of its state
  std::optional<base::Decimal> minimum;   ///< what lies outside is set to the bound
  std::optional<base::Decimal> maximum;
  OnModelError on_error = OnModelError::kStale;
  bool interval = false;  ///< `<name>_lower` and `<name>_upper` beside it
  std::string unit;       ///< empty: the spec's (of a score: "1")
  std::string help;
};

enum class OutputPart { kValue, kLower, kUpper };

/// One series of predictions that a block makes, a spec of its own in the ledger.
struct ModelOutput {
  OutputPart part = OutputPart::kValue;
  std::string name;
};

/// The value, and the ends of its interval where they are asked for.
[[nodiscard]] std::vector<ModelOutput> OutputsOf(const ModelBlock& block);

/// The number of the state that a prediction falls into; nullopt: it is none.
[[nodiscard]] std::optional<std::size_t> StateOf(const ModelBlock& block,
                                                 const base::Decimal& prediction);

}  // namespace promtally::metering
