// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "exposition/piece_reader.h"
#include "web/http.h"

namespace promtally::web {

/// The page of a scrape as a body, piece by piece.
[[nodiscard]] std::shared_ptr<BodySource> MakePageBody(
    std::unique_ptr<exposition::PieceReader> page);

/// The same body compressed (RFC 1952); what `inner` appends is never held as a whole.
[[nodiscard]] std::shared_ptr<BodySource> MakeGzipBody(std::shared_ptr<BodySource> inner);

}  // namespace promtally::web
