// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "exposition/text_encoder.h"

namespace promtally::exposition {

/// In what form a scrape is answered.
struct Negotiated {
  PageStyle style;
  std::string content_type;  ///< the value of the header
};

/// Reads `Accept` as RFC 9110 does: the greatest q wins, among equals a named type before a
/// wildcard, then the first. Nothing that can be served: text 0.0.4, for a scrape without a page
/// helps nobody. Several headers are joined by a comma. Any thread.
///
/// client_python takes the first OpenMetrics whatever its q; promtally heeds q.
[[nodiscard]] Negotiated NegotiateFormat(std::string_view accept);

/// Whether `Accept-Encoding` lets the answer be compressed: gzip, x-gzip or `*` with a q above 0.
[[nodiscard]] bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace promtally::exposition
