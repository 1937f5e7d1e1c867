// SPDX-License-Identifier: Apache-2.0
// Commits periods of one spec to a fresh ledger, sums them up again, and prints each figure beside
// its floor in the same run: the same rows through bare SQLite, and a bare scan of the same table.
// Processor time is printed beside the wall: it is what counts where others use the machine too.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "ledger/sqlite_ledger.h"
#include "promtally/metering/period_result.h"

namespace {

using namespace promtally;  // NOLINT(google-build-using-namespace): a program of one file
using Clock = std::chrono::steady_clock;

constexpr double kLeastRecordsPerSecond = 300'000;
constexpr double kMostBytesPerRecord = 60;
constexpr double kMostUsageSeconds = 10;      // for the records below
constexpr double kUsageRecords = 36'000'000;  // a month of 50,000 series
constexpr int kFloorPeriods = 50;

struct Options {
  std::string folder = std::filesystem::temp_directory_path().string();
  int periods = 100;
  int records = 5000;
  bool check = false;
};

/// Wall and processor time, of this program alone.
struct Cost {
  double wall = 0;
  double cpu = 0;
  Cost& operator+=(const Cost& other) {
    wall += other.wall;
    cpu += other.cpu;
    return *this;
  }
};

template <typename Work>
Cost Measure(Work work) {
  const std::clock_t cpu = std::clock();
  const auto start = Clock::now();
  work();
  return {std::chrono::duration<double>(Clock::now() - start).count(),
          static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
}

[[noreturn]] void Die(const std::string& why) {
  std::cerr << why << "\n";
  std::exit(1);
}

template <typename T>
T Must(base::Result<T> result) {
  if (!result) {
    Die(result.error().message);
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

metering::Answer MakeAnswer(int records) {
  metering::Answer answer;
  for (int i = 0; i < records; ++i) {
    answer.BeginSeries();
    answer.AddLabel("code", i % 2 == 0 ? "200" : "500");
    answer.AddLabel("project_id", "project-" + std::to_string(i / 5));
    answer.AddLabel("region", "eu-west-1");
    answer.AddLabel("instance_name", "instance-" + std::to_string(i));
    answer.SetValue("1");
  }
  return answer;
}

/// A quarter of the quantities has ten digits and a fraction, the rest are whole numbers.
base::Decimal QuantityOf(int series, int period) {
  if (series % 4 != 0) {
    return base::Decimal(std::int64_t{7} * series + period);
  }
  const std::string text = std::to_string(series) + ".62537" + std::to_string(period % 10);
  return Must(base::Decimal::Parse(text));
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

/// One result, the quantities of which are changed from period to period.
class Commits {
 public:
  Commits(Target& target, const metering::MetricSpec& metric, int records) : target_(target) {
    context_.spec = &metric;
    context_.scope_key = "project_id";
    std::vector<metering::ScopedAnswer> answers(1);
    answers[0].answer = MakeAnswer(records);
    result_ = metering::ConvertAnswers(context_, std::move(answers));
  }

  /// The cost of the commit alone.
  Cost Commit(int number) {
    for (std::size_t i = 0; i < result_.rows.size(); ++i) {
      result_.rows[i].quantity = QuantityOf(static_cast<int>(i), number);
    }
    ledger::QueryEvidence query;
    query.text = "max(max_over_time(http_requests_total{}[3600s])) by (code, project_id)";
    query.server_id = target_.server;
    ledger::PeriodCommit commit;
    commit.spec_id = target_.spec.id;
    commit.version_id = target_.spec.versions.front().id;
    commit.period =
        metering::PeriodAt(base::Instant(std::chrono::hours(number)), base::Seconds(3600));
    commit.context = &context_;
    commit.result = &result_;
    commit.queries = {query};
    return Measure([&] { Must(target_.ledger->Commit(commit)); });
  }

 private:
  Target& target_;
  metering::ConversionContext context_;
  metering::PeriodResult result_;
};

/// SQLite without promtally.
class Bare {
 public:
  explicit Bare(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) {
      Die("cannot open " + path);
    }
  }
  ~Bare() { sqlite3_close(db_); }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void Run(const char* sql) {
    char* error = nullptr;
    if (sqlite3_exec(db_, sql, nullptr, nullptr, &error) != SQLITE_OK) {
      Die(std::string(sql) + ": " + error);
    }
  }
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK) {
      Die(std::string(sql) + ": " + sqlite3_errmsg(db_));
    }
    return statement;
  }
  std::int64_t Number(const char* sql) {
    sqlite3_stmt* statement = Prepare(sql);
    const std::int64_t number =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return number;
  }

 private:
  sqlite3* db_ = nullptr;
};

/// The record rows of some periods, one durable transaction a period: no series, no totals, no
/// evidence, no digest.
Cost InsertBare(const std::string& path, int periods, int records) {
  Bare db(path);
  db.Run(
      "pragma page_size = 16384; pragma journal_mode = wal; pragma synchronous = full;"
      "pragma cache_size = -16384; pragma wal_autocheckpoint = 4000;"
      "create table record(period_id integer not null, series_id integer not null,"
      " revision integer not null, quantity any, query_id integer not null,"
      " primary key(period_id, series_id, revision)) strict, without rowid");
  sqlite3_stmt* insert = db.Prepare("insert into record values(?, ?, 0, ?, ?)");
  Cost total;
  for (int period = 1; period <= periods; ++period) {
    std::vector<std::string> texts(static_cast<std::size_t>(records));
    for (int i = 0; i < records; i += 4) {
      texts[static_cast<std::size_t>(i)] = QuantityOf(i, period).ToText();
    }
    total += Measure([&] {
      db.Run("begin immediate");
      sqlite3_bind_int(insert, 1, period);
      sqlite3_bind_int(insert, 4, period);
      for (int i = 0; i < records; ++i) {
        sqlite3_bind_int(insert, 2, i + 1);
        const std::string& text = texts[static_cast<std::size_t>(i)];
        if (text.empty()) {
          sqlite3_bind_int64(insert, 3, std::int64_t{7} * i + period);
        } else {
          sqlite3_bind_text(insert, 3, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
        }
        sqlite3_step(insert);
        sqlite3_reset(insert);
      }
      db.Run("commit");
    });
  }
  sqlite3_finalize(insert);
  return total;
}

struct Figures {
  Cost first;
  Cost commits;
  double worst = 0;
  Cost bare;
  double bytes_per_record = 0;
  Cost usage;
  Cost scan;
  double records = 0;  ///< of all periods but the first
  double bare_records = 0;
};

void Write(const std::string& path, const Options& options, Figures& figures) {
  const metering::MetricSpec metric = MakeSpec();
  Target target = OpenTarget(path, metric);
  Commits commits(target, metric, options.records);
  figures.first = commits.Commit(0);
  for (int number = 1; number <= options.periods; ++number) {
    const Cost cost = commits.Commit(number);
    figures.commits += cost;
    figures.worst = std::max(figures.worst, cost.wall);
  }
}

/// Pages of everything but series and totals, which are there once and not for each record.
double BytesPerRecord(const std::string& path) {
  Bare db(path);
  const double bytes = static_cast<double>(db.Number(
      "select sum(pgsize) from dbstat where name not in ('series', 'series_hash', 'series_scope',"
      " 'total') and aggregate = true"));
  return bytes / static_cast<double>(db.Number("select count(*) from record"));
}

void Read(const std::string& path, Figures& figures) {
  auto reader = Must(ledger::OpenSqliteReader(path));
  figures.usage = Measure([&] {
    const auto totals = Must(reader->Totals({}, {}));
    if (totals.size() != 1) {
      Die("the usage is not one line");
    }
  });
  Bare db(path);
  figures.scan = Measure([&] {
    sqlite3_stmt* rows = db.Prepare("select series_id, quantity from record");
    double sum = 0;
    while (sqlite3_step(rows) == SQLITE_ROW) {
      sum += sqlite3_column_double(rows, 1);
    }
    sqlite3_finalize(rows);
    if (sum <= 0) {
      Die("the records have no quantities");
    }
  });
}

bool Report(const Options& options, const Figures& figures) {
  const double rate = figures.records / figures.commits.wall;
  const double cpu_rate = figures.records / figures.commits.cpu;
  const double bare = figures.bare_records / figures.bare.wall;
  const double bare_cpu = figures.bare_records / figures.bare.cpu;
  const double all = figures.records + options.records;
  const double month = figures.usage.wall * kUsageRecords / all;
  const double month_cpu = figures.usage.cpu * kUsageRecords / all;
  const auto print = [](const char* name, double wall, double cpu, const char* unit) {
    std::printf("%-52s %12.1f %12.1f  %s\n", name, wall, cpu, unit);
  };
  std::printf("%d periods of %d records\n%-52s %12s %12s\n", options.periods + 1, options.records,
              "", "by wall", "by CPU");
  print("first period, new series", options.records / figures.first.wall,
        options.records / figures.first.cpu, "records/s");
  print("commits with series, totals, evidence", rate, cpu_rate, "records/s");
  print("floor: the record rows by bare SQLite", bare, bare_cpu, "records/s");
  std::printf("%-52s %12.2f %12.2f\n", "commits / floor", bare / rate, bare_cpu / cpu_rate);
  std::printf("%-52s %12.1f ms\n", "worst commit", figures.worst * 1000);
  std::printf("%-52s %12.1f bytes\n", "a record on disk, indexes included, series apart",
              figures.bytes_per_record);
  print("usage over everything", all / figures.usage.wall, all / figures.usage.cpu, "records/s");
  print("floor: a bare scan", all / figures.scan.wall, all / figures.scan.cpu, "records/s");
  print("usage over 36 million records at this rate", month, month_cpu, "s");
  return cpu_rate >= kLeastRecordsPerSecond && figures.bytes_per_record <= kMostBytesPerRecord &&
         month_cpu <= kMostUsageSeconds;
}

Options Parse(int argc, char** argv) {
  Options options;
  int place = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--check") {
      options.check = true;
    } else if (place == 0) {
      options.folder = word;
      ++place;
    } else {
      (place++ == 1 ? options.periods : options.records) = std::atoi(word.c_str());
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  std::string folder = options.folder + "/ledger-bench-XXXXXX";
  if (options.periods <= 0 || options.records <= 0 || mkdtemp(folder.data()) == nullptr) {
    std::cerr << "usage: ledger_bench [--check] [FOLDER [PERIODS [RECORDS]]]\n";
    return 2;
  }
  Figures figures;
  Write(folder + "/ledger.db", options, figures);
  const int floor_periods = std::min(options.periods, kFloorPeriods);
  figures.bare = InsertBare(folder + "/bare.db", floor_periods, options.records);
  figures.records = static_cast<double>(options.periods) * options.records;
  figures.bare_records = static_cast<double>(floor_periods) * options.records;
  figures.bytes_per_record = BytesPerRecord(folder + "/ledger.db");
  Read(folder + "/ledger.db", figures);
  const bool within = Report(options, figures);
  std::filesystem::remove_all(folder);
  return options.check && !within ? 1 : 0;
}
