// SPDX-License-Identifier: Apache-2.0
#include "collector/raw_answers.h"

#include <utility>

namespace promtally::collector {

RawAnswers::RawAnswers(FetchResult* fetched) : fetched_(fetched) {
  answers_.reserve(fetched->answers.size());
  for (std::size_t i = 0; i < fetched->answers.size(); ++i) {
    answers_.push_back({std::move(fetched->answers[i].answer), {}});
    if (i < fetched->samples.size()) {
      answers_.back().samples = std::move(fetched->samples[i]);
    }
  }
}

RawAnswers::~RawAnswers() {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    fetched_->answers[i].answer = std::move(answers_[i].series);
    if (i < fetched_->samples.size()) {
      fetched_->samples[i] = std::move(answers_[i].samples);
    }
  }
}

}  // namespace promtally::collector
