// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/query_target.h"
#include "cli/table.h"
#include "collector/range_windows.h"
#include "inference/model_catalog.h"

namespace promtally::cli {

/// One quantity of a period that was asked for.
struct AskedQuantity {
  std::optional<std::string> scope;
  base::LabelSet labels;
  base::Decimal quantity;
};

/// What the models of a spec would predict: windows are asked of the server, nothing is stored.
class PredictionPreview {
 public:
  explicit PredictionPreview(Format format) : format_(format) {}

  /// The quantities of a period; nullopt: they could not be had (and that was said).
  using Ask = std::function<std::optional<std::vector<AskedQuantity>>(metering::Period)>;

  /// Predicts from the periods up to `input` by every block of the spec.
  void Show(const QueryTarget& target, const metering::MetricSpec& spec, metering::Period input,
            const Ask& ask);
  /// Prints the table, where the format is one.
  void Finish() const;
  [[nodiscard]] bool is_complete() const { return complete_; }

 private:
  /// Windows of a range query; nullopt: there are none, and that was said.
  std::optional<std::vector<ledger::UsageWindow>> AskRange(const QueryTarget& target,
                                                           const metering::ModelBlock& block,
                                                           metering::Period input);
  void ShowBlock(const QueryTarget& target, const metering::ModelBlock& block,
                 metering::Period input, const std::vector<ledger::UsageWindow>& windows);

  Format format_;
  std::shared_ptr<inference::ModelCatalog> models_;  // of the target at hand
  std::shared_ptr<collector::RangeWindows> ranges_;  // of its source
  std::optional<std::string> job_;                   // whose models these are
  bool complete_ = true;
  Table table_{{{"name"}, {"scope"}, {"labels"}, {"begin"}, {"end"}, {"window"}, {"prediction"}}};
};

}  // namespace promtally::cli
