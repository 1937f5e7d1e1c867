// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/sqlite_ledger.h"
#include "promtally/metering/period_result.h"

namespace promtally::ledger {

/// 2025-06-01T00:00:00Z plus a number of hours.
[[nodiscard]] base::Instant Hour(int hours);
[[nodiscard]] metering::Period HourPeriod(int hours);

/// One series of an answer: labels and the value's text.
struct Sample {
  std::vector<std::pair<std::string, std::string>> labels;
  std::string value;
};

/// `requests` of project `project` with one label more.
[[nodiscard]] Sample Requests(std::string project, std::string code, std::string value);

/// A ledger in a folder of its own, with one job (`default`, an hour, scope key project_id) and one
/// spec (`requests`, groupby code and project_id, metadata zone) whose first period is hour 0.
class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest();
  ~LedgerTest() override;

  void Open();
  void Close() { ledger_.reset(); }
  [[nodiscard]] std::unique_ptr<Reader> OpenReader() const;
  /// Adds another spec of the default job, like `requests`.
  [[nodiscard]] Spec AddSpec(const std::string& name, base::Instant first_period);

  /// What ConvertAnswers makes of the samples, ready to commit; owned by the test.
  [[nodiscard]] PeriodCommit Prepare(int hour, const std::vector<Sample>& samples);
  base::Result<CommitReceipt> Commit(int hour, const std::vector<Sample>& samples) {
    return ledger_->Commit(Prepare(hour, samples));
  }
  [[nodiscard]] PeriodEntry Attempt(int hour, PeriodState state, const std::string& reason) const;

  /// Runs SQL on the file past the ledger's back, as damage would.
  void Damage(const std::string& sql) const;
  [[nodiscard]] std::string QueryText(const std::string& sql) const;
  [[nodiscard]] std::vector<Violation> Violations() const;

  std::string folder_;
  std::string path_;
  std::unique_ptr<WritableLedger> ledger_;
  Job job_;
  Spec spec_;
  metering::MetricSpec metric_spec_;
  metering::ConversionContext context_;
  std::int64_t config_id_ = 0;
  std::int64_t server_id_ = 0;

 private:
  std::vector<std::unique_ptr<metering::PeriodResult>> results_;
};

}  // namespace promtally::ledger
