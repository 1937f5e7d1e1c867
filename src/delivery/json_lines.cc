// SPDX-License-Identifier: Apache-2.0
#include "delivery/json_lines.h"

#include <nlohmann/json.hpp>

namespace promtally::delivery {

namespace {

using nlohmann::ordered_json;

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json OrNull(const std::optional<std::string>& text) {
  return text ? ordered_json(*text) : ordered_json(nullptr);
}

ordered_json OrNull(const std::optional<base::Instant>& instant) {
  return instant ? ordered_json(base::ToText(*instant)) : ordered_json(nullptr);
}

ordered_json Labels(const metering::OrderedLabels& labels) {
  ordered_json json = ordered_json::object();
  for (const auto& [name, value] : labels) {
    json[name] = value;
  }
  return json;
}

/// Milliseconds as seconds.
ordered_json SecondsOf(std::int64_t milliseconds) {
  return milliseconds % 1000 == 0 ? ordered_json(milliseconds / 1000)
                                  : ordered_json(static_cast<double>(milliseconds) / 1000);
}

ordered_json Evidence(const metering::RecordEvidence& evidence, const metering::Period& period) {
  const auto& exact = evidence.exact;
  const auto of = [&exact](auto value) {
    return exact ? ordered_json(value(*exact)) : ordered_json(nullptr);
  };
  using Exact = metering::RecordEvidence::Exact;
  ordered_json json;
  json["query"] = evidence.query;
  json["server"] = evidence.server;
  json["dialect"] = evidence.dialect;
  json["evaluation"] = evidence.evaluation;
  json["first_sample"] = OrNull(evidence.first_sample);
  json["gap"] = OrNull(evidence.gap);
  json["raw"] = of([](const Exact& e) { return e.raw; });
  json["samples"] = of([](const Exact& e) { return e.samples; });
  json["first"] = exact ? OrNull(exact->first) : ordered_json(nullptr);
  json["last"] = exact ? OrNull(exact->last) : ordered_json(nullptr);
  json["largest_gap_seconds"] = of([](const Exact& e) { return SecondsOf(e.largest_gap_ms); });
  json["resets"] = of([](const Exact& e) { return e.resets; });
  json["skipped"] = of([](const Exact& e) { return e.skipped; });
  json["late"] = of([](const Exact& e) { return e.late; });
  json["replica"] = exact ? OrNull(exact->replica) : ordered_json(nullptr);
  const double length = static_cast<double>((period.end - period.begin).count());
  json["coverage"] =
      of([length](const Exact& e) { return static_cast<double>(e.covered_ms) / length; });
  json["alive"] = of([](const Exact& e) { return SecondsOf(e.alive_ms); });
  json["warnings"] = evidence.warnings;
  json["config_hash"] = evidence.config_hash;
  return json;
}

}  // namespace

std::string ToJson(const QueryLine& line) {
  ordered_json json;
  if (line.job) {
    json["job"] = *line.job;
  }
  json["metric"] = line.metric;
  json["name"] = line.name;
  json["scope"] = OrNull(line.scope);
  json["query"] = line.query;
  json["time"] = base::ToText(line.time);
  if (line.curl) {
    json["curl"] = *line.curl;
  }
  return Dump(json);
}

std::string ToJson(const PredictionLine& line) {
  const auto text = [](const std::optional<base::Decimal>& number) {
    return number ? ordered_json(number->ToText()) : ordered_json(nullptr);
  };
  ordered_json json;
  if (line.job) {
    json["job"] = *line.job;
  }
  json["name"] = line.name;
  json["kind"] = metering::ToText(metering::UsageKind::kPredicted);
  json["model"] = line.model;
  json["model_version"] = line.model_version;
  json["scope"] = OrNull(line.scope);
  json["groupby"] = Labels(line.labels);
  json["begin"] = base::ToText(line.period.begin);
  json["end"] = base::ToText(line.period.end);
  json["window"] = ordered_json::array();
  for (const auto& value : line.window) {
    json["window"].push_back(text(value));
  }
  json["prediction"] = text(line.prediction);
  if (line.lower || line.upper) {
    json["lower"] = text(line.lower);
    json["upper"] = text(line.upper);
  }
  if (!line.prediction) {
    json["reason"] = line.reason;
  }
  return Dump(json);
}

std::string ToJson(const metering::UsageRecord& record, bool committed) {
  ordered_json json;
  if (committed) {
    json["id"] = record.id;
  }
  if (!record.job.empty()) {
    json["job"] = record.job;
  }
  json["metric"] = record.metric;
  json["name"] = record.name;
  json["scope"] = OrNull(record.scope);
  json["begin"] = base::ToText(record.period.begin);
  json["end"] = base::ToText(record.period.end);
  json["unit"] = record.unit;
  json["quantity"] = record.removed ? ordered_json(nullptr) : ordered_json(record.quantity);
  json["groupby"] = Labels(record.groupby);
  json["metadata"] = Labels(record.metadata);
  if (committed) {
    json["revision"] = record.revision;
    json["finality"] = record.final_period ? "final" : "provisional";
  }
  json["kind"] = metering::ToText(record.kind);
  json["source"] = record.source;
  if (committed) {
    json["collected_at"] = base::ToText(record.collected_at);
  }
  if (record.prediction) {
    json["model"] = record.prediction->model;
    json["model_version"] = record.prediction->version;
    json["input_end"] = base::ToText(record.prediction->input_end);
    json["input_digest"] = record.prediction->input_digest;
    json["predicted_at"] = base::ToText(record.prediction->predicted_at);
  }
  if (record.correction) {
    json["correction"] = *record.correction;
    json["reason"] = record.reason;
  }
  if (record.evidence) {
    json["evidence"] = Evidence(*record.evidence, record.period);
  }
  return Dump(json);
}

std::string ToJson(const ledger::UsageTotal& total, bool by_scope) {
  ordered_json json;
  json["job"] = total.job;
  json["name"] = total.name;
  json["unit"] = total.unit;
  json["kind"] = metering::ToText(total.kind);
  if (by_scope) {
    json["scope"] = OrNull(total.scope);
  }
  json["groupby"] = Labels(total.groupby);
  json["quantity"] = total.quantity.ToText();
  json["records"] = total.records;
  json["begin"] = base::ToText(total.extent.begin);
  json["end"] = base::ToText(total.extent.end);
  return Dump(json);
}

std::string ToJson(const ledger::SpecStatus& status) {
  ordered_json json;
  json["job"] = status.job;
  json["name"] = status.name;
  json["first_period"] = base::ToText(status.first_period);
  json["last_committed"] = OrNull(status.last_committed);
  json["lag_seconds"] = status.lag.count();
  json["committed"] = status.committed;
  json["empty"] = status.empty;
  json["open"] = status.open;
  json["failed"] = status.failed;
  json["rejected"] = status.rejected;
  json["unattributed"] = status.unattributed;
  json["skipped"] = status.skipped;
  json["excluded"] = status.excluded;
  json["series"] = status.watch.series;
  json["series_median"] = status.watch.series_median ? ordered_json(*status.watch.series_median)
                                                     : ordered_json(nullptr);
  json["absent_scopes"] = status.watch.absent_scopes;
  json["evaluation"] = metering::ToText(status.evaluation);
  json["provisional"] = status.provisional;
  json["final"] = status.final_periods;
  json["checkpoints"] = status.checkpoints;
  if (status.retired) {
    json["retired"] = true;
  }
  return Dump(json);
}

std::string ToJson(const ledger::SpecStatus& status, const ledger::PeriodEntry& period) {
  return ToJson(ledger::PeriodLine{status.job, status.name, period});
}

std::string ToJson(const ledger::PeriodLine& line) {
  const ledger::PeriodEntry& period = line.entry;
  ordered_json json;
  json["job"] = line.job;
  json["name"] = line.name;
  json["begin"] = base::ToText(period.period.begin);
  json["end"] = base::ToText(period.period.end);
  json["state"] = ToText(period.state);
  json["reason"] = period.reason;
  json["detail"] = period.detail;
  json["attempts"] = period.attempts;
  json["next_retry"] = OrNull(period.next_retry);
  return Dump(json);
}

std::string ToJson(const ledger::Violation& violation) {
  ordered_json json;
  json["job"] = violation.job;
  json["name"] = violation.name;
  json["begin"] =
      violation.period ? OrNull(std::optional(violation.period->begin)) : ordered_json(nullptr);
  json["end"] =
      violation.period ? OrNull(std::optional(violation.period->end)) : ordered_json(nullptr);
  json["message"] = violation.message;
  return Dump(json);
}

std::string ToJson(const ChangeLine& line) {
  ordered_json json;
  json["metric"] = line.metric;
  json["name"] = line.name;
  json["scope"] = OrNull(line.scope);
  json["groupby"] = Labels(line.groupby);
  json["begin"] = base::ToText(line.period.begin);
  json["end"] = base::ToText(line.period.end);
  json["old"] = OrNull(line.old_quantity);
  json["new"] = OrNull(line.new_quantity);
  json["correction"] = line.correction;
  json["revision"] = line.revision;
  json["reason"] = line.reason;
  return Dump(json);
}

std::string ToJson(const Explanation& explanation) {
  const auto time = [](std::int64_t ms) {
    return base::ToText(base::Instant(base::Milliseconds(ms)));
  };
  ordered_json json;
  json["name"] = explanation.name;
  json["scope"] = OrNull(explanation.scope);
  json["groupby"] = Labels(explanation.groupby);
  json["begin"] = base::ToText(explanation.period.begin);
  json["end"] = base::ToText(explanation.period.end);
  json["series"] = ordered_json::array();
  for (const metering::SeriesSteps& series : explanation.series) {
    ordered_json steps = ordered_json::array();
    for (const metering::UsageStep& step : series.steps) {
      ordered_json row;
      row["from"] = step.from_ms ? ordered_json(time(*step.from_ms)) : ordered_json(nullptr);
      row["to"] = time(step.to_ms);
      row["before"] = step.from_ms ? ordered_json(step.before) : ordered_json(nullptr);
      row["after"] = step.after;
      row["kind"] = metering::ToText(step.kind);
      row["amount"] = step.amount;
      steps.push_back(std::move(row));
    }
    json["series"].push_back(
        {{"labels", Labels(series.labels)}, {"steps", std::move(steps)}, {"raw", series.raw}});
  }
  json["function"] = explanation.function;
  json["factor"] = explanation.factor;
  json["offset"] = explanation.offset;
  json["mutate"] = explanation.mutate;
  json["quantity"] = explanation.quantity;
  json["compare"] = {{"increase", OrNull(explanation.increase)},
                     {"delta", OrNull(explanation.delta)},
                     {"anchored", OrNull(explanation.anchored)}};
  json["evidence"] = Evidence(explanation.evidence, explanation.period);
  return Dump(json);
}

std::string LabelsJson(const metering::OrderedLabels& labels) { return Dump(Labels(labels)); }

std::string_view ToText(ledger::PeriodState state) {
  switch (state) {
    case ledger::PeriodState::kOpen:
      return "open";
    case ledger::PeriodState::kFailed:
      return "failed";
    case ledger::PeriodState::kEmpty:
      return "empty";
    case ledger::PeriodState::kCommitted:
      return "committed";
  }
  return "open";
}

}  // namespace promtally::delivery
