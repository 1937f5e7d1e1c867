// SPDX-License-Identifier: Apache-2.0
#include "exposition/process_metrics.h"

#include <array>
#include <charconv>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace promtally::exposition {
namespace {

// Places of /proc/self/stat behind the last ')', counted from 0 (proc(5) counts from 3 there).
constexpr std::size_t kUserTicks = 11;
constexpr std::size_t kSystemTicks = 12;
constexpr std::size_t kStartTicks = 19;
constexpr std::size_t kVirtualBytes = 20;
constexpr std::size_t kResidentPages = 21;

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  while ((begin = text.find_first_not_of(" \n", begin)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// The rest of the line that begins with `key`.
std::optional<std::string_view> LineOf(std::string_view text, std::string_view key) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with(key)) {
      return line.substr(key.size());
    }
    begin = end + 1;
  }
  return std::nullopt;
}

std::string ReadWhole(const char* path) {
  std::string text;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return text;
  }
  std::array<char, 4096> piece;
  for (ssize_t got = 0; (got = read(fd, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  return text;
}

std::optional<double> CountOpenFiles() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (folder == nullptr) {
    return std::nullopt;
  }
  double count = -3;  // `.`, `..`, and the folder itself
  while (readdir(folder.get()) != nullptr) {
    count += 1;
  }
  return count;
}

std::optional<double> MaxOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::nullopt;
  }
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessFigures ParseProcessStat(std::string_view text, const ProcessUnits& units) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) {
    return {};
  }
  const auto words = Words(text.substr(name_end + 1));
  if (words.size() <= kResidentPages) {
    return {};
  }
  const auto user = Number(words[kUserTicks]);
  const auto system = Number(words[kSystemTicks]);
  const auto start = Number(words[kStartTicks]);
  const auto pages = Number(words[kResidentPages]);
  ProcessFigures figures;
  figures.virtual_memory_bytes = Number(words[kVirtualBytes]);
  if (pages) {
    figures.resident_memory_bytes = *pages * units.page_bytes;
  }
  if (start) {
    figures.start_time_seconds = *start / units.ticks_per_second;
  }
  if (user && system) {
    figures.cpu_seconds = (*user + *system) / units.ticks_per_second;
  }
  return figures;
}

std::optional<double> ParseBootTime(std::string_view text) {
  const auto rest = LineOf(text, "btime ");
  return rest ? Number(*rest) : std::nullopt;
}

ProcessFigures ReadProcessFigures(base::Instant fallback_start) {
  ProcessUnits units;
  units.ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  units.page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  ProcessFigures figures = ParseProcessStat(ReadWhole("/proc/self/stat"), units);
  // Reading it takes as long as a page of 200 series.
  static const auto boot = ParseBootTime(ReadWhole("/proc/stat"));
  if (boot && figures.start_time_seconds) {
    *figures.start_time_seconds += *boot;
  } else {
    figures.start_time_seconds =
        static_cast<double>(fallback_start.time_since_epoch().count()) / 1000.0;
  }
  figures.open_fds = CountOpenFiles();
  figures.max_fds = MaxOpenFiles();
  return figures;
}

void AppendProcessMetrics(std::string& out, const ProcessFigures& figures, const PageStyle& style,
                          const NameFilter& filter) {
  const auto add = [&](std::string_view name, std::string_view suffix, std::string_view help,
                       std::optional<double> value) {
    const std::string sample = std::string(name) + std::string(suffix);
    if (value && (filter.Has(name) || filter.Has(sample))) {
      const FamilyType type = suffix.empty() ? FamilyType::kGauge : FamilyType::kCounter;
      AppendHead(out, style, {name, type, help, ""});
      SampleName(name, suffix, style).Append(out, "", "", *value);
    }
  };
  add("process_cpu_seconds", "_total", "Total user and system CPU time spent in seconds.",
      figures.cpu_seconds);
  add("process_max_fds", "", "Maximum number of open file descriptors.", figures.max_fds);
  add("process_open_fds", "", "Number of open file descriptors.", figures.open_fds);
  add("process_resident_memory_bytes", "", "Resident memory size in bytes.",
      figures.resident_memory_bytes);
  add("process_start_time_seconds", "", "Start time of the process since unix epoch in seconds.",
      figures.start_time_seconds);
  add("process_virtual_memory_bytes", "", "Virtual memory size in bytes.",
      figures.virtual_memory_bytes);
}

}  // namespace promtally::exposition
