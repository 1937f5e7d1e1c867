// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/table.h"
#include "delivery/json_lines.h"

namespace promtally::cli {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t kNamedProblems = 20;
constexpr std::size_t kBarWidth = 24;
constexpr double kSecondsBeforeRate = 1;  // what came in less says little

bool IsTerminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

std::string ProgressText(const ProgressCounts& counts) {
  const double seconds = std::chrono::duration<double>(counts.elapsed).count();
  std::string text = fmt::format("{}/{} periods, {} records, {:.1f} s", counts.done, counts.planned,
                                 counts.records, seconds);
  if (counts.done == 0 || seconds < kSecondsBeforeRate) {
    return text;
  }
  const double rate = static_cast<double>(counts.done) / seconds;
  text += fmt::format(", {:.1f} periods/s", rate);
  if (counts.done < counts.planned) {
    const auto left = static_cast<double>(counts.planned - counts.done) / rate;
    text +=
        ", " + base::ToText(base::Seconds(static_cast<std::int64_t>(std::ceil(left)))) + " left";
  }
  return text;
}

Progress::Progress()
    : terminal_(IsTerminal()), started_(steady_clock::now()), drawn_at_(started_) {}

void Progress::OnPlanned(std::size_t periods) {
  planned_ = done_ + periods;  // a run may have several rounds
  Draw(false);
}

void Progress::OnServer(const std::string& source, const source::ServerIdentity& identity,
                        base::Milliseconds behind) {
  if (!identity.reachable) {
    Say(fmt::format("source {}: cannot be reached", source));
  } else if (behind > std::chrono::seconds(30)) {
    Say(fmt::format("warning: clock_skew: the clock of source {} is {} behind this machine's",
                    source, base::ToText(std::chrono::floor<base::Seconds>(behind))));
  }
}

void Progress::OnPeriod(const collector::PeriodReport& report) {
  ++done_;
  records_ += report.records;
  const bool bad = report.state == ledger::PeriodState::kOpen ||
                   report.state == ledger::PeriodState::kFailed || report.rejected > 0;
  if (bad && ++problems_ <= kNamedProblems) {
    std::string what = report.reason.empty()
                           ? fmt::format("{} series rejected", report.rejected)
                           : fmt::format("{} ({}) {}", delivery::ToText(report.state),
                                         report.reason, report.detail);
    Say(fmt::format("{} {}: {}", report.name, base::ToText(report.period.begin), what));
  }
  if (report.skip_failures > 0) {
    Say(fmt::format("warning: {} {}: {} rows were kept that the skip expression could not judge",
                    report.name, base::ToText(report.period.begin), report.skip_failures));
  }
  const auto since = steady_clock::now() - drawn_at_;
  if (since > (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000))) {
    Draw(false);
  }
}

void Progress::Finish() {
  if (drawn_) {
    Draw(true);
  }
}

void Progress::Say(const std::string& line) {
  std::cerr << (drawn_ && terminal_ ? "\r\x1b[K" : "") << Printable(line) << '\n';
  if (problems_ == kNamedProblems + 1) {
    std::cerr << "… more: see promtally status\n";
  }
  drawn_ = drawn_ && !terminal_;
}

void Progress::Draw(bool last) {
  drawn_at_ = steady_clock::now();
  if (planned_ == 0 || (!terminal_ && (last || drawn_at_ - started_ < std::chrono::seconds(5)))) {
    return;
  }
  const std::string counts = ProgressText({done_, planned_, records_, drawn_at_ - started_});
  if (!terminal_) {
    std::cerr << "collecting: " << counts << '\n';
  } else {
    const std::size_t filled = std::min(kBarWidth, kBarWidth * done_ / planned_);
    std::cerr << "\r\x1b[K[" << std::string(filled, '#') << std::string(kBarWidth - filled, '.')
              << "] " << counts << (last ? "\n" : "") << std::flush;
  }
  drawn_ = true;
}

}  // namespace promtally::cli
