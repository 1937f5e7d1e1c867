// SPDX-License-Identifier: Apache-2.0
#include "collector/retries.h"

#include <algorithm>
#include <random>
#include <utility>

namespace promtally::collector {

namespace {

using base::Milliseconds;
using source::Disposition;

constexpr int kTries = 3;
/// A longer wish of the server ends this run's tries: the period stays open until then.
constexpr Milliseconds kLongestWait{5000};
constexpr Milliseconds kLongestBackoff{60'000};

Milliseconds FullJitter(Milliseconds delay) {
  thread_local std::mt19937_64 random(std::random_device{}());
  return Milliseconds(std::uniform_int_distribution<std::int64_t>(0, delay.count())(random));
}

}  // namespace

bool Retries::May(const source::QueryFailure& failure, int attempt) const {
  return failure.disposition == Disposition::kRetry && attempt < kTries && !none &&
         !(failure.connection && gate->given_up()) &&
         failure.retry_after.value_or(Milliseconds(0)) <= kLongestWait;
}

void Retries::Later(const source::QueryFailure& failure, int attempt,
                    std::function<void()> then) const {
  const Milliseconds backoff = FullJitter(metering::RetryDelay(attempt, kLongestBackoff));
  gate->After(std::max(backoff, failure.retry_after.value_or(Milliseconds(0))), std::move(then));
}

source::QueryFailure Unsplittable(source::QueryFailure failure) {
  if (failure.disposition == Disposition::kSplit) {
    failure.disposition = failure.over_byte_limit ? Disposition::kPermanent : Disposition::kOpen;
    failure.reason = failure.over_byte_limit ? "too_large" : failure.reason;
  }
  return failure;
}

}  // namespace promtally::collector
