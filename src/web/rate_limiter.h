// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "promtally/config/web_config.h"

namespace promtally::web {

/// `rate_limit` of web.yml: a bucket of `burst` tokens that gains one in each interval; each
/// request takes one. Loop thread.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool Take(const config::RateLimit& limit, Clock::time_point now) {
    const auto most = static_cast<double>(limit.burst);
    const std::chrono::duration<double> gone = last_ ? now - *last_ : Clock::duration::zero();
    const std::chrono::duration<double> interval = limit.interval;
    tokens_ = last_ ? std::min(most, tokens_ + gone / interval) : most;
    last_ = now;
    if (tokens_ < 1) {
      return false;
    }
    tokens_ -= 1;
    return true;
  }

 private:
  double tokens_ = 0;
  std::optional<Clock::time_point> last_;
};

}  // namespace promtally::web
