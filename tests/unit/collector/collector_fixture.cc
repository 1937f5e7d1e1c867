// SPDX-License-Identifier: Apache-2.0
#include "unit/collector/collector_fixture.h"

#include <stdexcept>

#include <boost/asio/executor_work_guard.hpp>

namespace promtally::collector {

namespace {

template <typename T>
T Must(base::Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().message);
  }
  return *std::move(result);
}

int HourOf(base::Instant instant) {
  return static_cast<int>(std::chrono::floor<std::chrono::hours>(instant - Hour(0)).count());
}

std::string ToText(ledger::PeriodState state) {
  static constexpr const char* kNames[] = {"open", "failed", "empty", "committed"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace

base::Instant Hour(int hours) {
  return base::FromUnixSeconds(1748736000) + std::chrono::hours(hours);
}

metering::Period HourPeriod(int hours) { return {Hour(hours), Hour(hours + 1)}; }

metering::MetricSpec MakeSpec(const std::string& name) {
  metering::MetricSpec spec;
  spec.metric = name + "_metric";
  spec.name = name;
  spec.unit = "thing";
  spec.groupby = {"code"};
  return spec;
}

CollectorTest::CollectorTest() : path_((folder_.path() / "promtally.db").string()) {
  job_.source = "s";
  job_.scope_key = "project_id";
  job_.start = Hour(0);
  job_.min_coverage = 0;
}

std::unique_ptr<ledger::WritableLedger> CollectorTest::OpenLedger() const {
  return Must(ledger::OpenSqliteLedger(path_));
}

std::unique_ptr<ledger::Reader> CollectorTest::OpenReader() const {
  return Must(ledger::OpenSqliteReader(path_));
}

RegisterRequest CollectorTest::RequestFor(const metering::MetricSpecs& specs) const {
  RegisterRequest request;
  request.jobs = {{job_, specs, "metrics: {}"}};
  request.sources = sources_;
  request.now = now_;
  return request;
}

base::Result<Catalogue> CollectorTest::TryRegister(const metering::MetricSpecs& specs,
                                                   bool accept_identity_change) {
  const auto ledger = OpenLedger();
  RegisterRequest request = RequestFor(specs);
  request.accept_identity_change = accept_identity_change;
  return collector::Register(*ledger, request);
}

Catalogue CollectorTest::Register(const metering::MetricSpecs& specs) {
  return Must(TryRegister(specs));
}

std::optional<ledger::PeriodEntry> CollectorTest::Row(const std::string& name, int hour) const {
  const auto ledger = OpenLedger();
  const auto job = Must(ledger->FindJob("default"));
  for (const ledger::Spec& spec : Must(ledger->Specs(job.value().id))) {
    if (spec.name == name) {
      return Must(ledger->FindPeriod(spec.id, Hour(hour)));
    }
  }
  throw std::runtime_error("no spec " + name);
}

std::string CollectorTest::State(const std::string& name, int hour) const {
  const auto row = Row(name, hour);
  if (!row) {
    return "none";
  }
  return ToText(row->state) + (row->reason.empty() ? "" : " " + row->reason);
}

std::vector<std::string> CollectorTest::Usage(const std::string& name) const {
  std::vector<std::string> usage;
  const auto status = OpenReader()->Records({}, [&](const metering::UsageRecord& record) {
    if (record.name == name) {
      usage.push_back(std::to_string(HourOf(record.period.begin)) + "/" +
                      record.scope.value_or("-") + "=" + record.quantity);
    }
    return true;
  });
  EXPECT_TRUE(status);
  return usage;
}

std::vector<std::string> CollectorTest::Violations() const {
  std::vector<std::string> messages;
  for (const ledger::Violation& violation : Must(OpenReader()->Verify()).violations) {
    messages.push_back(violation.name + ": " + violation.message);
  }
  return messages;
}

void CollectorTest::WriteRow(const std::string& name, int hour, ledger::PeriodEntry entry) const {
  const auto ledger = OpenLedger();
  const auto job = Must(ledger->FindJob("default"));
  for (const ledger::Spec& spec : Must(ledger->Specs(job.value().id))) {
    if (spec.name == name) {
      entry.spec_id = spec.id;
      entry.version_id = entry.version_id > 0 ? entry.version_id : spec.versions.back().id;
      entry.period = HourPeriod(hour);
      if (auto status = ledger->RecordAttempt(entry); !status) {
        throw std::runtime_error(status.error().message);
      }
    }
  }
}

RoundTest::~RoundTest() {
  if (std::filesystem::exists(path_)) {
    EXPECT_EQ(Violations(), std::vector<std::string>());
  }
}

source::QueryOutcome RoundTest::OneSeries(const std::string& value) {
  return Answered({{{{"project_id", "p1"}, {"code", "200"}}, value}});
}

RoundReport RoundTest::RunRound(const metering::MetricSpecs& specs, RoundScope scope) {
  auto catalogue = std::make_shared<Catalogue>(Register(specs));
  boost::asio::io_context loop;
  std::optional<RoundReport> report;
  std::weak_ptr<SourceGate> left;
  {
    LedgerThread ledger(std::make_unique<FailingLedger>(OpenLedger(), calls_));
    auto gate = std::make_shared<SourceGate>(loop, "s", std::make_unique<ScriptedSource>(script_),
                                             concurrency_);
    left = gate;
    auto guard = boost::asio::make_work_guard(loop);
    loop_ = &loop;
    round_ = Round::Start({&loop,
                           &ledger,
                           std::move(catalogue),
                           {{"s", std::move(gate)}},
                           [this] { return now_; },
                           observer_},
                          scope, [&](RoundReport done) {
                            EXPECT_FALSE(report) << "done was called twice";
                            report = std::move(done);
                            round_.reset();
                            guard.reset();
                          });
    loop.run_for(std::chrono::seconds(30));
    round_.reset();
    loop_ = nullptr;
  }
  EXPECT_TRUE(report) << "the round did not end";
  EXPECT_TRUE(left.expired() || !report) << "the source outlives the round";
  return report.value_or(RoundReport{});
}

std::vector<std::string> RoundTest::Decided(const RoundReport& report) {
  std::vector<std::string> decided;
  for (const PeriodReport& period : report.periods) {
    decided.push_back(period.name + " " + std::to_string(HourOf(period.period.begin)) + " " +
                      ToText(period.state) + (period.reason.empty() ? "" : " " + period.reason));
  }
  return decided;
}

}  // namespace promtally::collector
