// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "collector/round.h"

namespace promtally::cli {

struct ProgressCounts {
  std::size_t done = 0;
  std::size_t planned = 0;
  std::size_t records = 0;
  std::chrono::nanoseconds elapsed{0};
};

/// `120/2160 periods, 600 records, 2.0 s, 60.0 periods/s, 34s left`: rate from the first second on.
[[nodiscard]] std::string ProgressText(const ProgressCounts& counts);

/// Shows on standard error how a collection goes on: one line that is overwritten on a terminal, a
/// line every ten seconds where there is none. Periods that do not commit are named as they come
/// (the first twenty).
class Progress : public collector::RoundObserver {
 public:
  Progress();

  void OnPlanned(std::size_t periods) override;
  void OnServer(const std::string& source, const source::ServerIdentity& identity,
                base::Milliseconds behind) override;
  void OnPeriod(const collector::PeriodReport& report) override;
  void Finish();

 private:
  void Draw(bool last);
  void Say(const std::string& line);

  bool terminal_;
  bool drawn_ = false;
  std::size_t planned_ = 0;
  std::size_t done_ = 0;
  std::size_t records_ = 0;
  std::size_t problems_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_at_;
};

}  // namespace promtally::cli
