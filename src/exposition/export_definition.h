// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/text_encoder.h"
#include "promtally/base/time.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::exposition {

/// How the usage of one spec is exported, without its values. Immutable once filled in.
struct ExportDefinition {
  std::string job;
  std::string name;    ///< the spec's; unique in its job
  std::string metric;  ///< the key in metrics.yml
  std::string unit;
  base::Seconds period{3600};
  std::optional<std::string> scope_key;
  std::vector<std::string> groupby;  ///< with the scope key; repetitions are allowed
  metering::ExportOptions options;
  bool can_be_negative = false;
  bool can_be_corrected = false;  ///< answered periods are read again
  /// Set: what a model makes of the usage of another spec. `metric` is that one's.
  std::optional<metering::ModelBlock> model;
};

enum class ExportRole { kNewest, kTotal, kCreated, kNegativeTotal, kCorrections, kInfo, kState };

/// One family that a definition asks for.
struct ExportedFamily {
  ExportRole role = ExportRole::kNewest;
  std::string name;  ///< a valid metric name
  FamilyType type = FamilyType::kGauge;
  std::string help;  ///< names unit and period
};

/// The families of a spec, gauge first; none for `type: none`. The name is prefix + (export.name or
/// name), where every character that is not a letter, a digit or `_` becomes `_`.
[[nodiscard]] std::vector<ExportedFamily> FamiliesOf(const ExportDefinition& definition,
                                                     std::string_view prefix);

/// Exported label name and the groupby label whose value it has, sorted by exported name, each
/// once. Names that exposition cannot carry (`promtally_job`, which every series has, and names
/// that begin with `__`, which Prometheus drops) get `exported_` in front, as Prometheus does it
/// itself. `promtally_job` stands among them with an empty source.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> LabelNamesOf(
    const ExportDefinition& definition);

/// True when two specs may write series into one family: same role, unit and label names, and
/// different jobs, so that `promtally_job` tells the series apart.
[[nodiscard]] bool MayShare(const ExportDefinition& a, ExportRole role_a, const ExportDefinition& b,
                            ExportRole role_b);

/// A spec that is not exported because a family of that name is there already.
struct ExportCollision {
  std::size_t later = 0;               ///< index of the spec that is left out
  std::optional<std::size_t> earlier;  ///< index of the spec that has the family; nullopt: a
                                       ///< family of promtally's own
  std::string family;
};

/// Every spec whose families collide with those of an earlier one (in the given order), once each.
/// A spec that is left out takes no names. UsagePage::Update refuses the same ones when specs come
/// in the same order.
[[nodiscard]] std::vector<ExportCollision> CollidingExports(
    const std::vector<ExportDefinition>& definitions, std::string_view prefix);

}  // namespace promtally::exposition
