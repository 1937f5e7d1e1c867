// SPDX-License-Identifier: Apache-2.0
// Fills the metric store and prometheus-cpp's registry with the same series, writes the page of
// both in one run, and measures what the store's journal costs: changes, copy, restart. Processor
// time is what is compared: it counts where others use the machine too. --check: exit 1 when the
// page is less than 10 times as fast or a series takes more than 250 bytes.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include "exposition/metric_store.h"

namespace {

using namespace promtally;  // NOLINT(google-build-using-namespace): a program of one file
using namespace promtally::exposition;  // NOLINT(google-build-using-namespace): as above

constexpr double kLeastRatio = 10;
constexpr double kMostBytes = 250;
constexpr int kRuns = 3;

struct Options {
  std::size_t series = 1'000'000;
  std::string folder = std::filesystem::temp_directory_path().string();
  bool check = false;
};

[[noreturn]] void Die(const std::string& why) {
  std::cerr << why << "\n";
  std::exit(1);
}

double CpuSeconds(const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

double Best(const std::function<void()>& work) {
  double best = CpuSeconds(work);
  for (int i = 1; i < kRuns; ++i) {
    best = std::min(best, CpuSeconds(work));
  }
  return best;
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

base::Instant Now() {
  return std::chrono::time_point_cast<base::Milliseconds>(std::chrono::system_clock::now());
}

// Half gauges with three labels, half counters with two.
base::LabelSet LabelsOf(std::size_t i, bool gauge) {
  base::LabelSet labels{{"instance", "node-" + std::to_string(i % 1000) + ".example.org:9100"},
                        {"project_id", "p" + std::to_string(i / 1000)}};
  if (gauge) {
    labels.insert(labels.begin(), {"code", "200"});
  }
  return labels;
}

double ValueOf(std::size_t i) { return static_cast<double>(i) * 1.37 + 0.1; }

void Fill(MetricStore& store, std::size_t series, std::size_t batch) {
  for (const bool gauge : {true, false}) {
    MetricDefinition definition;
    definition.name = gauge ? "bench_memory_bytes" : "bench_requests";
    definition.type = gauge ? MetricType::kGauge : MetricType::kCounter;
    definition.help = "A metric of the benchmark.";
    definition.labels = {"instance", "project_id"};
    if (gauge) {
      definition.labels.emplace_back("code");
    }
    if (!store.Create(definition, Now())) {
      Die("cannot make the metrics");
    }
    std::vector<SampleChange> changes;
    for (std::size_t i = 0; i < series / 2; ++i) {
      SampleChange& change = changes.emplace_back();
      change.labels = LabelsOf(i, gauge);
      change.value = ValueOf(i);
      if (changes.size() == batch || i + 1 == series / 2) {
        if (const auto applied = store.Apply(definition.name, changes, Now()); !applied) {
          Die(applied.error().message);
        }
        changes.clear();
      }
    }
  }
}

std::size_t ReadPage(MetricStore& store) {
  const auto reader = store.Read({}, {}, Now());
  std::size_t bytes = 0;
  for (std::string piece; reader->Next(piece); piece.clear()) {
    bytes += piece.size();
  }
  return bytes;
}

double PeerSeconds(std::size_t series) {
  prometheus::Registry registry;
  auto& gauges = prometheus::BuildGauge().Name("bench_memory_bytes").Help("h").Register(registry);
  auto& counters =
      prometheus::BuildCounter().Name("bench_requests_total").Help("h").Register(registry);
  for (std::size_t i = 0; i < series / 2; ++i) {
    const base::LabelSet gauge = LabelsOf(i, true);
    const base::LabelSet counter = LabelsOf(i, false);
    gauges.Add({gauge.begin(), gauge.end()}).Set(ValueOf(i));
    counters.Add({counter.begin(), counter.end()}).Increment(ValueOf(i));
  }
  const prometheus::TextSerializer serializer;
  return Best([&] {
    std::ostringstream page;
    serializer.Serialize(page, registry.Collect());
  });
}

void MeasureJournal(const Options& options) {
  const std::string path = options.folder + "/exposition_bench-" + std::to_string(getpid());
  StoreLimits limits;
  {
    MetricStore store({limits, nullptr});
    if (const auto opened = store.OpenJournal(path); !opened) {
      Die(opened.error().message);
    }
    const std::size_t series = options.series / 10;
    std::cout << "journal: "
              << static_cast<double>(series) / CpuSeconds([&] { Fill(store, series, 1); })
              << " changes/s one by one\n";
  }
  std::filesystem::remove(path);
  {
    MetricStore store({limits, nullptr});
    static_cast<void>(store.OpenJournal(path));
    const double seconds = CpuSeconds([&] { Fill(store, options.series, 1000); });
    std::cout << "journal: " << static_cast<double>(options.series) / seconds
              << " changes/s by the thousand, "
              << static_cast<double>(store.journal_bytes()) / static_cast<double>(options.series)
              << " bytes each\n";
    const double copy = CpuSeconds([&] { static_cast<void>(store.CompactNow()); });
    std::cout << "copy: " << copy << " s, " << copy * 1e7 / static_cast<double>(options.series)
              << " ms a step of 10,000 series\n";
  }
  MetricStore store({limits, nullptr});
  std::cout << "restart: " << CpuSeconds([&] { static_cast<void>(store.OpenJournal(path)); })
            << " s for " << store.series() << " series\n";
  std::filesystem::remove(path);
}

Options ParseOptions(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--check") {
      options.check = true;
    } else if (argument == "--series" && i + 1 < count) {
      options.series = std::strtoul(arguments[++i], nullptr, 10);
    } else if (argument == "--folder" && i + 1 < count) {
      options.folder = arguments[++i];
    } else {
      std::cerr << "usage: exposition_bench [--series N] [--folder DIR] [--check]\n";
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = ParseOptions(count, arguments);
  const auto series = static_cast<double>(options.series);
  StoreLimits limits;
  MetricStore store({limits, nullptr});
  const double before = ResidentBytes();
  Fill(store, options.series, 1000);
  const double resident = (ResidentBytes() - before) / series;
  const double kept = static_cast<double>(store.bytes()) / series;
  std::size_t bytes = 0;
  const double with_created = Best([&] { bytes = ReadPage(store); });
  const double page_peak = (ResidentBytes() - before) / series;
  limits.created_series = false;
  MetricStore plain({limits, nullptr});
  Fill(plain, options.series, 1000);
  const double without_created = Best([&] { ReadPage(plain); });
  const double peer = PeerSeconds(options.series);
  std::cout << "series: " << options.series << ", " << kept << " bytes each, " << resident
            << " of resident memory (" << page_peak << " after the page was written)\n"
            << "page: " << with_created << " s (" << bytes << " bytes, with _created), "
            << without_created << " s without _created\n"
            << "prometheus-cpp: " << peer << " s for the page without _created\n"
            << "ratio: " << peer / without_created << ", with _created " << peer / with_created
            << "\n";
  MeasureJournal(options);
  const bool good = peer / without_created >= kLeastRatio && std::max(kept, resident) <= kMostBytes;
  if (options.check && !good) {
    Die("below what is promised: ratio 10, 250 bytes a series");
  }
  return 0;
}
