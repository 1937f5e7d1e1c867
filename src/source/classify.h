// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_client.h"
#include "promtally/base/one_line.h"
#include "promtally/base/time.h"
#include "source/source.h"
#include "source/vector_decoder.h"

namespace promtally::source {

/// What the answer must hold to be a success.
enum class Expect {
  kVector,  ///< an instant vector
  kMatrix,  ///< raw samples
  kNames,   ///< a list of label names or values
};

/// Judges a response: nullopt when it is a whole, successful answer of the expected kind without
/// doubt, else what that means for the period. A pure function: the only place where the table of
/// answers is written down.
///
/// A text that another try cannot change (a parse error, a many-to-many match) is permanent with
/// 400, 422 and with `status: error` in a 2xx. A 400 with any other text may come from a proxy and
/// is tried again like the other statuses; a 422 with any other text is a limit of the server.
/// `now` counts for a Retry-After date where the server sends no Date.
[[nodiscard]] std::optional<QueryFailure> Classify(const net::HttpResponse& response,
                                                   const DecodedAnswer& answer, Expect expect,
                                                   base::Instant now);

/// True when a query can never succeed, by the server's error text. What the text quotes (label
/// values, the query) is not looked at.
[[nodiscard]] bool IsPermanentError(std::string_view text);

using base::OneLine;

/// The server's time, of its Date header.
[[nodiscard]] std::optional<base::Instant> ServerDate(const net::HttpResponse& response);

}  // namespace promtally::source
