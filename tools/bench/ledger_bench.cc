// SPDX-License-Identifier: Apache-2.0
// Commits periods of one spec to a fresh ledger and prints records a second and bytes a record,
// beside the floor: the same number of bytes written to a file in order, with one fdatasync a
// period. Usage: ledger_bench [FOLDER [PERIODS [RECORDS]]]
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "ledger/sqlite_ledger.h"
#include "promtally/metering/period_result.h"

namespace {

using namespace promtally;  // NOLINT(google-build-using-namespace): a program of one file
using Clock = std::chrono::steady_clock;

/// Seconds of processor time of this program: what counts on a machine that is busy otherwise.
double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

template <typename T>
T Must(base::Result<T> result) {
  if (!result) {
    std::cerr << result.error().message << "\n";
    std::exit(1);
  }
  return *std::move(result);
}

metering::MetricSpec MakeSpec() {
  metering::MetricSpec spec;
  spec.metric = "http_requests_total";
  spec.name = "requests";
  spec.unit = "request";
  spec.groupby = {"code", "project_id"};
  spec.metadata = {"region", "instance_name"};
  return spec;
}

metering::Answer MakeAnswer(int records, int period) {
  metering::Answer answer;
  for (int i = 0; i < records; ++i) {
    answer.BeginSeries();
    answer.AddLabel("code", i % 2 == 0 ? "200" : "500");
    answer.AddLabel("project_id", "project-" + std::to_string(i / 5));
    answer.AddLabel("region", "eu-west-1");
    answer.AddLabel("instance_name", "instance-" + std::to_string(i));
    answer.SetValue(i % 4 == 0 ? std::to_string(i) + ".62537" + std::to_string(period)
                               : std::to_string(i * 7 + period));
  }
  return answer;
}

struct Target {
  std::unique_ptr<ledger::WritableLedger> ledger;
  ledger::Spec spec;
  std::int64_t server = 0;
};

Target OpenTarget(const std::string& path, const metering::MetricSpec& metric) {
  Target target;
  target.ledger = Must(ledger::OpenSqliteLedger(path));
  ledger::Job job;
  job.name = "default";
  job.scope_key = "project_id";
  const std::int64_t config = Must(target.ledger->RecordConfig("bench", base::Instant()));
  ledger::SpecVersion version;
  version.name = metric.name;
  version.metric = metric.metric;
  version.unit = metric.unit;
  version.groupby = metric.groupby;
  version.metadata = metric.metadata;
  ledger::Spec spec;
  spec.job_id = Must(target.ledger->PutJob(job, false));
  spec.name = metric.name;
  spec.versions = {version};
  target.spec = Must(target.ledger->AddSpec(spec, config));
  target.server = Must(target.ledger->RecordServer("bench", "prometheus", "3", false, {}));
  return target;
}

struct Cost {
  Clock::duration wall{};
  double cpu_seconds = 0;
};

/// Commits one period; the cost of the commit alone.
Cost CommitPeriod(Target& target, const metering::ConversionContext& context, int records,
                  int number) {
  std::vector<metering::ScopedAnswer> answers(1);
  answers[0].answer = MakeAnswer(records, number);
  const auto result = metering::ConvertAnswers(context, std::move(answers));
  ledger::QueryEvidence query;
  query.text = "max(max_over_time(http_requests_total{}[3600s])) by (code, project_id)";
  query.server_id = target.server;
  ledger::PeriodCommit commit;
  commit.spec_id = target.spec.id;
  commit.version_id = target.spec.versions.front().id;
  commit.period =
      metering::PeriodAt(base::Instant(std::chrono::hours(number)), base::Seconds(3600));
  commit.context = &context;
  commit.result = &result;
  commit.queries = {query};
  const double cpu = CpuSeconds();
  const auto start = Clock::now();
  Must(target.ledger->Commit(commit));
  return {Clock::now() - start, CpuSeconds() - cpu};
}

double FloorSeconds(const std::string& path, std::uint64_t bytes, int periods) {
  const std::string block(bytes / static_cast<std::uint64_t>(periods), 'x');
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const auto start = Clock::now();
  for (int i = 0; i < periods; ++i) {
    if (write(file, block.data(), block.size()) < 0 || fdatasync(file) != 0) {
      std::cerr << "cannot write " << path << "\n";
      std::exit(1);
    }
  }
  const double seconds = Seconds(Clock::now() - start);
  close(file);
  return seconds;
}

void Measure(const std::string& folder, int periods, int records) {
  const metering::MetricSpec metric = MakeSpec();
  metering::ConversionContext context;
  context.spec = &metric;
  context.scope_key = "project_id";
  const std::string path = folder + "/ledger.db";
  Target target = OpenTarget(path, metric);
  const Cost first = CommitPeriod(target, context, records, 0);
  Cost total;
  Clock::duration worst{};
  for (int number = 1; number <= periods; ++number) {
    const Cost taken = CommitPeriod(target, context, records, number);
    total.wall += taken.wall;
    total.cpu_seconds += taken.cpu_seconds;
    worst = std::max(worst, taken.wall);
  }
  target.ledger.reset();
  const std::uint64_t bytes = std::filesystem::file_size(path);
  const double all = static_cast<double>(records) * periods;
  const double floor = FloorSeconds(folder + "/floor", bytes, periods);
  std::cout << "first period (" << records << " new series): " << Seconds(first.wall) << " s, CPU "
            << first.cpu_seconds << " s\n"
            << "known series: " << all / Seconds(total.wall) << " records/s, CPU "
            << all / total.cpu_seconds << " records/s, worst commit " << Seconds(worst) * 1000
            << " ms\n"
            << "ledger: " << static_cast<double>(bytes) / (all + records) << " bytes/record\n"
            << "floor (the same bytes in order, one fdatasync a period): " << all / floor
            << " records/s\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string parent = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const int periods = argc > 2 ? std::atoi(argv[2]) : 200;
  const int records = argc > 3 ? std::atoi(argv[3]) : 5000;
  std::string folder = parent + "/ledger-bench-XXXXXX";
  if (periods <= 0 || records <= 0 || mkdtemp(folder.data()) == nullptr) {
    std::cerr << "usage: ledger_bench [FOLDER [PERIODS [RECORDS]]]\n";
    return 2;
  }
  Measure(folder, periods, records);
  std::filesystem::remove_all(folder);
  return 0;
}
