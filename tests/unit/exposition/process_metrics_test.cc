// SPDX-License-Identifier: Apache-2.0
#include "exposition/process_metrics.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace promtally::exposition {
namespace {

constexpr std::string_view kStat =
    "4242 (a ) b (c) S 1 4242 4242 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0 12345 "
    "104857600 2560 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0\n";

TEST(ProcessMetrics, ReadsTheFieldsBehindACommandNameWithParentheses) {
  const auto figures = ParseProcessStat(kStat, ProcessUnits{100, 4096});
  EXPECT_EQ(figures.cpu_seconds, 2.0);
  EXPECT_EQ(figures.start_time_seconds, 123.45);
  EXPECT_EQ(figures.virtual_memory_bytes, 104857600.0);
  EXPECT_EQ(figures.resident_memory_bytes, 2560.0 * 4096);
}

TEST(ProcessMetrics, HasNoFiguresForATextThatIsCut) {
  const auto figures = ParseProcessStat(kStat.substr(0, 80), ProcessUnits{});
  EXPECT_EQ(figures.cpu_seconds, std::nullopt);
  EXPECT_EQ(figures.virtual_memory_bytes, std::nullopt);
  EXPECT_EQ(ParseProcessStat("", ProcessUnits{}).cpu_seconds, std::nullopt);
}

TEST(ProcessMetrics, ReadsBootTime) {
  EXPECT_EQ(ParseBootTime("cpu  1 2\nbtime 1748736000\nprocesses 5\n"), 1748736000.0);
  EXPECT_EQ(ParseBootTime("cpu  1 2\n"), std::nullopt);
}

TEST(ProcessMetrics, MeasuresThisProcess) {
  const auto now = std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  const auto figures = ReadProcessFigures(now);
  const double seconds = static_cast<double>(base::ToUnixSeconds(now));
  ASSERT_TRUE(figures.start_time_seconds);
  EXPECT_GT(*figures.start_time_seconds, seconds - 86400);
  EXPECT_LT(*figures.start_time_seconds, seconds + 60);
  EXPECT_GT(figures.resident_memory_bytes.value_or(0), 1e6);
  EXPECT_GT(figures.virtual_memory_bytes.value_or(0), figures.resident_memory_bytes.value_or(0));
  EXPECT_GE(figures.open_fds.value_or(-1), 3);
  EXPECT_GE(figures.max_fds.value_or(1e9), figures.open_fds.value_or(-1));
}

TEST(ProcessMetrics, CountsAFileThatIsOpened) {
  const double before = ReadProcessFigures({}).open_fds.value_or(-1);
  const int copy = dup(0);
  ASSERT_GE(copy, 0);
  EXPECT_EQ(ReadProcessFigures({}).open_fds, before + 1);
  close(copy);
}

TEST(ProcessMetrics, LeavesOutWhatCannotBeHad) {
  ProcessFigures figures;
  figures.open_fds = 7;
  std::string text;
  AppendProcessMetrics(text, figures);
  EXPECT_EQ(text,
            "# HELP process_open_fds Number of open file descriptors.\n"
            "# TYPE process_open_fds gauge\n"
            "process_open_fds 7\n");
}

}  // namespace
}  // namespace promtally::exposition
