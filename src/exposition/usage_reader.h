// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exposition/export_definition.h"
#include "exposition/piece_reader.h"
#include "exposition/text_encoder.h"

namespace promtally::exposition {

/// A piece of a page, shared with the responses that are being sent.
using PagePiece = std::shared_ptr<const std::string>;

/// A family of the usage page with the sample lines that were written for the text format.
struct UsageBlock {
  using Owner = std::pair<std::string, std::string>;  ///< job and name of a spec

  std::string name;  ///< of the text format: a counter's ends in `_total`
  FamilyType type = FamilyType::kGauge;
  std::optional<ExportRole> role;  ///< nullopt: a family that all specs share
  std::string help;
  std::vector<std::pair<Owner, PagePiece>> parts;  ///< whole lines, none empty
};

/// Writes the blocks in a style, piece by piece.
///
/// OpenMetrics: the counter `x_total` is the family `x`, with `_created` beside each sample. Where
/// the gauge `x` is exported as well these names would clash, so `x_total` is then of type unknown
/// and `x_created` a gauge. The lines stay what they are but for their order.
[[nodiscard]] std::unique_ptr<PieceReader> ReadUsage(std::vector<UsageBlock> blocks,
                                                     const PageStyle& style,
                                                     const NameFilter& filter);

}  // namespace promtally::exposition
