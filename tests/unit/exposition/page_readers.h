// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exposition/piece_reader.h"
#include "exposition/text_encoder.h"

namespace promtally::exposition {

/// All pieces of a page.
[[nodiscard]] std::string ReadAll(PieceReader& reader);

/// Runs `promtool check metrics` on a page; its exit status and what it says.
[[nodiscard]] std::pair<int, std::string> Promtool(const std::string& page);
[[nodiscard]] bool HasPromtool();

/// A page and the format of its text.
using FormattedPage = std::pair<Format, std::string>;

/// What Debian's python3-prometheus-client reads in each page, one line a page: the names of its
/// families, sorted, with blanks between, or `error: …`. OpenMetrics goes to its strict parser.
[[nodiscard]] std::vector<std::string> FamiliesByPython(const std::vector<FormattedPage>& pages);
[[nodiscard]] bool HasPythonClient();

}  // namespace promtally::exposition
