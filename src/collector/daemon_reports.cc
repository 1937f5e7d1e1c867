// SPDX-License-Identifier: Apache-2.0
// What the daemon says of what was done: logs and self metrics.
#include "collector/daemon.h"

namespace promtally::collector {
namespace {

using ledger::PeriodState;

constexpr std::chrono::minutes kRepeatWarnings{1};

}  // namespace

void Daemon::OnServer(const std::string& source, const source::ServerIdentity& identity,
                      base::Milliseconds behind) {
  metrics_.SetSourceUp(source, identity.reachable);
  metrics_.SetClockSkew(source, behind);
  if (behind > std::chrono::seconds(30)) {
    log_.Warn("clock_skew: the server's clock is behind this machine's",
              {{"source", source}, {"behind", base::ToText(behind)}});
  }
  log_.Debug("Server", {{"source", source},
                        {"kind", identity.kind},
                        {"version", identity.version},
                        {"reachable", identity.reachable ? "true" : "false"}});
}

void Daemon::OnPeriod(const PeriodReport& report) {
  if (report.state != PeriodState::kCommitted && report.state != PeriodState::kEmpty) {
    LogUnfinished(report);
    return;
  }
  LogSeries(report);
  warnings_.erase(report.spec_id);
  exporter_.Mark(report.spec_id);
  if (!exported_.contains({report.job, report.name})) {
    return;  // an open period of a retired spec: its series left the page
  }
  metrics_.ObserveCommit(
      report.job, report.name,
      {report.commit, static_cast<std::int64_t>(report.records),
       static_cast<std::int64_t>(report.rejected), static_cast<std::int64_t>(report.unattributed),
       static_cast<std::int64_t>(report.skipped), static_cast<std::int64_t>(report.excluded)});
  metrics_.SetLastSuccess(report.job, report.name, context_.clock());
}

/// A spec that cannot be answered says so once a minute, not once a period.
void Daemon::LogUnfinished(const PeriodReport& report) {
  LastWarning& last = warnings_[report.spec_id];
  const base::Instant now = context_.clock();
  if (last.reason == report.reason && now - last.at < kRepeatWarnings) {
    ++last.suppressed;
    return;
  }
  log_.Warn(report.state == PeriodState::kOpen ? "Period stays open" : "Period failed",
            {{"promtally_job", report.job},
             {"name", report.name},
             {"begin", base::ToText(report.period.begin)},
             {"reason", report.reason},
             {"suppressed", std::to_string(last.suppressed)},
             {"err", report.detail}});
  last = {report.reason, now, 0};
}

void Daemon::LogSeries(const PeriodReport& report) const {
  const std::string begin = base::ToText(report.period.begin);
  log_.Debug("Period answered", {{"promtally_job", report.job},
                                 {"name", report.name},
                                 {"begin", begin},
                                 {"records", std::to_string(report.records)}});
  if (report.rejected > 0 || report.skip_failures > 0) {
    log_.Warn("Series were rejected or could not be judged",
              {{"promtally_job", report.job},
               {"name", report.name},
               {"begin", begin},
               {"rejected", std::to_string(report.rejected)},
               {"not_judged", std::to_string(report.skip_failures)}});
  }
}

void Daemon::OnPredicted(const PredictionsReport& report) {
  is_predicting_ = false;
  if (report.ledger_error) {
    metrics_.CountLedgerFailure();
    log_.Error("Predictions cannot be written", {{"err", report.ledger_error->message}});
  }
  for (const PredictionReport& prediction : report.predictions) {
    for (const std::int64_t spec_id : prediction.spec_ids) {
      exporter_.Mark(spec_id);
    }
    metrics_.CountPrediction(prediction.job, prediction.name, prediction.error.empty());
    const std::string begin = base::ToText(prediction.input.begin);
    if (prediction.error.empty()) {
      log_.Debug("Predicted", {{"promtally_job", prediction.job},
                               {"name", prediction.name},
                               {"begin", begin},
                               {"series", std::to_string(prediction.series)},
                               {"not_predicted", std::to_string(prediction.not_predicted)}});
    } else {
      log_.Warn("No prediction", {{"promtally_job", prediction.job},
                                  {"name", prediction.name},
                                  {"begin", begin},
                                  {"err", prediction.error}});
    }
  }
  if (exporter_.has_marks() && !next_) {
    exporter_.Refresh(context_.clock());
  }
  Proceed();
}

}  // namespace promtally::collector
