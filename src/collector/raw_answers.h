// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "collector/period_fetch.h"
#include "promtally/metering/raw_samples.h"

namespace promtally::collector {

/// Labels and samples of what was fetched, as the core takes them; given back when this goes, for
/// the same answers may be wanted again.
class RawAnswers {
 public:
  explicit RawAnswers(FetchResult* fetched);
  ~RawAnswers();
  RawAnswers(const RawAnswers&) = delete;
  RawAnswers& operator=(const RawAnswers&) = delete;
  [[nodiscard]] const std::vector<metering::RawAnswer>& answers() const { return answers_; }

 private:
  FetchResult* fetched_;
  std::vector<metering::RawAnswer> answers_;
};

}  // namespace promtally::collector
