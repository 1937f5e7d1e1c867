// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "source/classify.h"
#include "source/vector_decoder.h"

namespace promtally::source {

/// What holds for any bytes that a server may send as an answer: the same is read wherever they are
/// cut into pieces, and what is taken for good is one complete, well-formed vector. Empty, or what
/// does not hold.
inline std::string BrokenPropertyOfAnswer(std::string_view bytes) {
  net::HttpResponse response;
  response.status = 200;
  const auto decode = [&](std::size_t piece) {
    VectorDecoder decoder;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      static_cast<void>(decoder.Write(bytes.substr(at, piece)));
    }
    return decoder.Finish();
  };
  const DecodedAnswer whole = decode(bytes.size() + 1);
  const auto failure = Classify(response, whole, Expect::kVector, base::Instant{});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const DecodedAnswer cut = decode(piece);
    const auto other = Classify(response, cut, Expect::kVector, base::Instant{});
    if (failure.has_value() != other.has_value() || (failure && failure->reason != other->reason) ||
        whole.answer.size() != cut.answer.size()) {
      return "pieces of " + std::to_string(piece) + " bytes are read differently";
    }
  }
  if (failure) {
    return failure->reason.empty() || failure->detail.size() > 300 ? "a failure without a reason"
                                                                   : "";
  }
  if (!whole.is_json || whole.status != "success" || whole.result_type != "vector" ||
      whole.partial || !whole.shape_fault.empty() || !whole.answer.warnings().empty()) {
    return "taken for good, and is not";
  }
  for (std::size_t series = 0; series < whole.answer.size(); ++series) {
    if (whole.answer.value(series).empty() && !whole.answer.series(series).histogram) {
      return "a series without a value is taken";
    }
  }
  return "";
}

}  // namespace promtally::source
