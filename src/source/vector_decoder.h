// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "promtally/metering/answer.h"
#include "promtally/metering/exact_options.h"
#include "promtally/metering/raw_samples.h"

namespace promtally::source {

/// How raw samples (`values` of each series) are taken.
struct RawDecoding {
  std::optional<metering::HistogramPart> histogram;  ///< absent: native histograms are not taken
  std::size_t max_samples = 0;                       ///< more are dropped, and that is remembered
};

/// What a body of Prometheus' HTTP API said, whether or not that makes sense together: Classify()
/// judges it.
struct DecodedAnswer {
  bool is_json = false;               ///< one complete JSON text and nothing behind it
  std::string json_error;             ///< else why not
  std::optional<std::string> status;  ///< `success`, `error`; nullopt: missing or no text
  std::string error;                  ///< at most 64 KiB
  std::string error_type;
  std::string result_type;        ///< of a query: `vector`, …
  bool has_result = false;        ///< `data.result` is a list
  bool partial = false;           ///< `isPartial`, unless it is false
  std::string shape_fault;        ///< the first thing that is not as it should be; or empty
  metering::Answer answer;        ///< `data.result`, warnings and infos
  metering::RawSamples samples;   ///< of the series of `answer`, where raw samples are taken
  bool too_many_samples = false;  ///< `samples` is not all of them
  bool has_names = false;         ///< `data` is a list, of label names or values
  std::vector<std::string> names;
  std::vector<std::pair<std::string, std::string>> members;  ///< texts of an object `data`
  std::string head;                                          ///< the first bytes as they came
};

/// Decodes a body while it arrives: no document tree, no copy of the body. A value is kept as the
/// text that was sent. Warnings that are only remarks on the query (`PromQL info:`, `PromQL
/// warning:`) are put among the infos. One thread at a time.
///
/// Never aborts a transfer: after an error the rest of the body is dropped, so that a cut answer is
/// still told from a wrong one.
class VectorDecoder : public net::BodySink {
 public:
  /// Absent: `value` of each series is taken.
  explicit VectorDecoder(std::optional<RawDecoding> raw = std::nullopt);
  ~VectorDecoder() override;
  [[nodiscard]] bool Write(std::string_view bytes) override;
  /// After the last byte; once.
  [[nodiscard]] DecodedAnswer Finish();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace promtally::source
