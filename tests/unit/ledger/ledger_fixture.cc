// SPDX-License-Identifier: Apache-2.0
#include "unit/ledger/ledger_fixture.h"

#include <filesystem>
#include <stdexcept>

#include <sqlite3.h>
#include <stdlib.h>

#include "ledger/page_checksums.h"

namespace promtally::ledger {
namespace {

template <typename T>
T Must(base::Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().message);
  }
  return *std::move(result);
}

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};

std::string RunSql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  RegisterChecksumVfs();  // what is damaged by SQL is for the invariants to find
  const int opened = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, kChecksumVfs);
  const std::unique_ptr<sqlite3, CloseDatabase> owner(db);
  if (opened != SQLITE_OK) {
    throw std::runtime_error("cannot open " + path);
  }
  std::string text;
  const auto collect = [](void* out, int columns, char** values, char** /*names*/) {
    auto& lines = *static_cast<std::string*>(out);
    for (int i = 0; i < columns; ++i) {
      lines += (i == 0 ? "" : "|") + std::string(values[i] != nullptr ? values[i] : "NULL");
    }
    lines += "\n";
    return 0;
  };
  if (sqlite3_exec(db, sql.c_str(), collect, &text, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(db));
  }
  return text;
}

}  // namespace

base::Instant Hour(int hours) {
  return base::FromUnixSeconds(1748736000) + std::chrono::hours(hours);
}

metering::Period HourPeriod(int hours) { return {Hour(hours), Hour(hours + 1)}; }

Sample Requests(std::string project, std::string code, std::string value) {
  return {{{"project_id", std::move(project)}, {"code", std::move(code)}, {"zone", "a"}},
          std::move(value)};
}

LedgerTest::LedgerTest() {
  std::string name = ::testing::TempDir() + "/promtally-ledger-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make " + name);
  }
  folder_ = name;
  path_ = folder_ + "/promtally.db";
  metric_spec_.metric = "http_requests_total";
  metric_spec_.name = "requests";
  metric_spec_.unit = "request";
  metric_spec_.groupby = {"code", "project_id"};
  metric_spec_.metadata = {"zone"};
  context_.spec = &metric_spec_;
  context_.scope_key = "project_id";
  Open();
  config_id_ = Must(ledger_->RecordConfig("metrics: {}", Hour(0)));
  job_.name = "default";
  job_.scope_key = "project_id";
  job_.id = Must(ledger_->PutJob(job_, false));
  spec_ = AddSpec("requests", Hour(0));
  server_id_ = Must(ledger_->RecordServer("prometheus", "prometheus", "3.16.0", false, Hour(0)));
}

LedgerTest::~LedgerTest() {
  ledger_.reset();
  std::filesystem::remove_all(folder_);
}

void LedgerTest::Open() { ledger_ = Must(OpenSqliteLedger(path_)); }

std::unique_ptr<Reader> LedgerTest::OpenReader() const { return Must(OpenSqliteReader(path_)); }

Spec LedgerTest::AddSpec(const std::string& name, base::Instant first_period) {
  SpecVersion version;
  version.valid_from = first_period;
  version.name = name;
  version.metric = "http_requests_total";
  version.unit = "request";
  version.groupby = {"code", "project_id"};
  version.metadata = {"zone"};
  version.definition = "definition";
  Spec spec;
  spec.job_id = job_.id;
  spec.name = name;
  spec.first_period = first_period;
  spec.versions = {version};
  return Must(ledger_->AddSpec(spec, config_id_));
}

PeriodCommit LedgerTest::Prepare(int hour, const std::vector<Sample>& samples) {
  std::vector<metering::ScopedAnswer> answers(1);
  for (const Sample& sample : samples) {
    answers[0].answer.BeginSeries();
    for (const auto& [name, value] : sample.labels) {
      answers[0].answer.AddLabel(name, value);
    }
    answers[0].answer.SetValue(sample.value);
  }
  results_.push_back(std::make_unique<metering::PeriodResult>(
      metering::ConvertAnswers(context_, std::move(answers))));
  QueryEvidence query;
  query.text = "max(max_over_time(http_requests_total{}[3600s])) by (code, project_id, zone)";
  query.time = Hour(hour + 1);
  query.server_id = server_id_;
  query.series = samples.size();
  query.bytes = 1234;
  PeriodCommit commit;
  commit.spec_id = spec_.id;
  commit.version_id = spec_.versions.back().id;
  commit.period = HourPeriod(hour);
  commit.context = &context_;
  commit.result = results_.back().get();
  commit.queries = {query};
  commit.committed_at = Hour(hour + 2);
  return commit;
}

PeriodEntry LedgerTest::Attempt(int hour, PeriodState state, const std::string& reason) const {
  PeriodEntry entry;
  entry.spec_id = spec_.id;
  entry.version_id = spec_.versions.back().id;
  entry.period = HourPeriod(hour);
  entry.state = state;
  entry.reason = reason;
  entry.attempts = 1;
  return entry;
}

void LedgerTest::Damage(const std::string& sql) const { RunSql(path_, sql); }
std::string LedgerTest::QueryText(const std::string& sql) const { return RunSql(path_, sql); }

std::vector<Violation> LedgerTest::Violations() const {
  return Must(OpenReader()->Verify()).violations;
}

}  // namespace promtally::ledger
