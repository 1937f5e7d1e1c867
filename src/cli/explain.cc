// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/table.h"
#include "collector/exact_preview.h"
#include "collector/preview.h"
#include "collector/raw_answers.h"
#include "delivery/json_lines.h"
#include "ledger/sqlite_ledger.h"
#include "promtally/metering/exact_compare.h"

namespace promtally::cli {

namespace {

/// Which record is explained.
struct Subject {
  const collector::ConfiguredJob* job = nullptr;
  metering::MetricSpec spec;
  metering::Period period;
  base::LabelSet labels;
};

OrExit<Subject> FindSubject(const ExplainOptions& options, const Configuration& configuration) {
  Subject subject;
  std::vector<std::string> known;
  for (const collector::ConfiguredJob& job : configuration.jobs) {
    if (!options.job.empty() && job.settings.job != options.job) {
      continue;
    }
    for (const metering::MetricSpec& spec : job.specs) {
      known.push_back(spec.name);
      if (spec.name != options.name && spec.metric != options.name) {
        continue;
      }
      if (subject.job != nullptr) {
        return tl::unexpected(PrintError(
            fmt::format("\"{}\" means several specs: say its name, and --job", options.name),
            kWrongUsage));
      }
      subject.job = &job;
      subject.spec = spec;
    }
  }
  if (subject.job == nullptr) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    const std::string_view near = base::Nearest(options.name, names);
    return tl::unexpected(
        PrintError(fmt::format("no spec is named \"{}\"{}", options.name,
                               near.empty() ? "" : fmt::format(": did you mean \"{}\"?", near)),
                   kWrongUsage));
  }
  return subject;
}

OrExit<Subject> ResolveSubject(const ExplainOptions& options, const Configuration& configuration) {
  auto subject = FindSubject(options, configuration);
  if (!subject) {
    return subject;
  }
  if (subject->spec.evaluation != metering::Evaluation::kExact) {
    return tl::unexpected(
        PrintError(fmt::format("\"{}\" is computed by the server: only what promtally computes "
                               "from samples (evaluation: exact) can be explained",
                               options.name),
                   kWrongUsage));
  }
  RangeOptions range;
  range.begin = options.begin;
  auto period = ParseAlignedRange(range, subject->job->settings.schedule.period);
  if (!period) {
    return tl::unexpected(period.error());
  }
  subject->period = **period;
  for (const std::string& text : options.labels) {
    const std::size_t at = text.find('=');
    if (at == std::string::npos) {
      return tl::unexpected(
          PrintError(fmt::format("--label: \"{}\" is not k=v", text), kWrongUsage));
    }
    subject->labels.emplace_back(text.substr(0, at), text.substr(at + 1));
  }
  const auto& scope_key = subject->job->settings.scope_key;
  if (!options.scope.empty() && !scope_key) {
    return tl::unexpected(PrintError("--scope: the job has no scope key", kWrongUsage));
  }
  if (!options.scope.empty()) {
    subject->labels.emplace_back(*scope_key, options.scope);
  }
  return subject;
}

bool Has(const base::LabelSet& labels, const base::LabelSet& wanted) {
  for (const auto& [name, value] : wanted) {
    const std::string* const found = base::Find(labels, name);
    if (found == nullptr || *found != value) {
      return false;
    }
  }
  return true;
}

/// What a server's answer would have been billed as.
std::optional<std::string> Billed(const metering::QuantityConverter& converter,
                                  const std::optional<double>& value) {
  if (!value) {
    return std::nullopt;
  }
  const metering::Quantity quantity = converter.Convert(fmt::format("{}", *value));
  return quantity.bad ? std::nullopt : std::optional(quantity.value.ToText());
}

metering::RecordEvidence EvidenceOf(const Subject& subject, const std::string& query,
                                    const source::ServerIdentity& server,
                                    const metering::UsageEvidence& counted) {
  metering::RecordEvidence evidence;
  evidence.query = query;
  evidence.server = server.kind + (server.version.empty() ? "" : " " + server.version);
  evidence.dialect = server.kind;
  if (server.kind == "prometheus" && server.closed_edges) {
    evidence.dialect = *server.closed_edges ? "prometheus2" : "prometheus3";
  }
  evidence.evaluation = metering::ToText(subject.spec.evaluation);
  evidence.first_sample = metering::ToText(subject.spec.exact.first_sample);
  evidence.gap = metering::ToText(subject.spec.exact.gap);
  const auto instant = [&counted](std::int64_t ms) {
    return counted.samples > 0 ? std::optional(base::Instant(base::Milliseconds(ms)))
                               : std::nullopt;
  };
  metering::RecordEvidence::Exact exact;
  exact.raw = counted.raw;
  exact.samples = counted.samples;
  exact.first = instant(counted.first_ms);
  exact.last = instant(counted.last_ms);
  exact.largest_gap_ms = counted.largest_gap_ms;
  exact.resets = counted.resets;
  exact.skipped = counted.skipped;
  exact.late = counted.late;
  if (!counted.replica.empty()) {
    exact.replica = counted.replica;
  }
  exact.covered_ms = counted.covered_ms;
  exact.alive_ms = counted.alive_ms;
  evidence.exact = std::move(exact);
  return evidence;
}

void PrintEvidence(const metering::RecordEvidence& evidence) {
  if (!evidence.exact) {
    return;
  }
  const metering::RecordEvidence::Exact& exact = *evidence.exact;
  std::cout << fmt::format(
      "{} samples, {} resets, {} skipped, {} late, largest gap {} s, first sample: {}\n",
      exact.samples, exact.resets, exact.skipped, exact.late,
      static_cast<double>(exact.largest_gap_ms) / 1000, evidence.first_sample.value_or("-"));
}

/// What PromQL would have billed from the same samples, beside what is billed.
void PrintComparison(const delivery::Explanation& record) {
  std::cout << '\n';
  Table table({{"computed by"}, {"quantity", true}, {"difference", true}});
  table.Add({"exact", record.quantity, ""});
  const auto exact = base::Decimal::Parse(record.quantity);
  for (const auto& [name, value] :
       {std::pair("increase", &record.increase), std::pair("delta", &record.delta),
        std::pair("increase anchored", &record.anchored)}) {
    const auto other = base::Decimal::Parse(value->value_or("0"));
    table.Add({name, value->value_or("nothing"),
               exact && other ? (*other - *exact).ToText() : std::string()});
  }
  table.Print(std::cout, Format::kTable);
}

void PrintTable(const delivery::Explanation& record) {
  std::cout << Printable(
                   fmt::format("{} {} {} from {} to {}", record.name, record.scope.value_or("-"),
                               delivery::LabelsJson(record.groupby),
                               base::ToText(record.period.begin), base::ToText(record.period.end)))
            << '\n';
  for (const metering::SeriesSteps& series : record.series) {
    const metering::OrderedLabels labels(series.labels.begin(), series.labels.end());
    std::cout << '\n' << Printable(delivery::LabelsJson(labels)) << '\n';
    Table table({{"from"}, {"to"}, {"before", true}, {"after", true}, {"kind"}, {"amount", true}});
    for (const metering::UsageStep& step : series.steps) {
      const auto time = [](std::int64_t ms) {
        return base::ToText(base::Instant(base::Milliseconds(ms)));
      };
      table.Add({step.from_ms ? time(*step.from_ms) : "-", time(step.to_ms), step.before,
                 step.after, std::string(metering::ToText(step.kind)), step.amount});
    }
    table.Print(std::cout, Format::kTable);
    std::cout << "raw " << series.raw << '\n';
  }
  std::cout << fmt::format("\n{} of the series: {}\n", record.function,
                           record.evidence.exact ? record.evidence.exact->raw : "-");
  std::cout << fmt::format("x factor {} + offset {}, mutate {}: quantity {}\n", record.factor,
                           record.offset, record.mutate, record.quantity);
  PrintEvidence(record.evidence);
  PrintComparison(record);
}

/// Asks, computes and prints the records that are meant.
class Explainer {
 public:
  Explainer(const ExplainOptions& options, const Configuration& configuration, Subject subject)
      : options_(options), configuration_(configuration), subject_(std::move(subject)) {}

  int Run() {
    const config::SourceSettings* source = nullptr;
    for (const config::SourceSettings& one : configuration_.settings.sources) {
      source = one.name == subject_.job->settings.source ? &one : source;
    }
    if (source == nullptr) {
      return PrintError("the job's source is not configured", kBadConfiguration);
    }
    collector::Preview preview(*source);
    collector::FetchRequest request;
    request.spec = std::make_shared<const metering::MetricSpec>(subject_.spec);
    request.scope_key = subject_.job->settings.scope_key;
    request.period = subject_.period;
    const auto filter = std::make_shared<const metering::ScopeFilter>();
    request.filter = filter;
    if (!options_.scope.empty()) {
      request.scopes = {options_.scope};
    }
    request.raw = metering::RawRangeOf(subject_.spec, subject_.job->settings.schedule.settle);
    request.no_retries = true;
    collector::FetchResult fetched = preview.Fetch(std::move(request));
    if (fetched.failure) {
      const int status = preview.reached() ? kIncomplete : kUnreachable;
      return PrintError(fetched.failure->reason + ": " + fetched.failure->detail, status);
    }
    if (!LoadState()) {
      return kIncomplete;
    }
    return Explain(preview.server(), &fetched);
  }

 private:
  bool LoadState() {
    const std::string path = options_.ledger.empty() ? configuration_.ledger_path : options_.ledger;
    auto reader = ledger::OpenSqliteReader(path);
    if (!reader) {
      const bool is_missing = reader.error().code == base::ErrorCode::kNotFound;
      if (!is_missing) {
        PrintError(reader.error().message, kIncomplete);
      }
      return is_missing;
    }
    const auto state =
        (*reader)->ExactStateAt(subject_.job->settings.job, subject_.spec.name,
                                subject_.period.begin, subject_.job->settings.checkpoint_retention);
    if (!state) {
      PrintError(state.error().message, kIncomplete);
      return false;
    }
    exact_.Start(subject_.period.begin, state->adjacent, state->checkpoints);
    return true;
  }

  int Explain(const source::ServerIdentity& server, collector::FetchResult* fetched) {
    metering::ConversionContext context;
    context.spec = &subject_.spec;
    context.scope_key = subject_.job->settings.scope_key;
    context.rounding = subject_.job->settings.rounding;
    context.limits = subject_.job->settings.limits;
    const metering::PeriodResult result = exact_.Convert(
        context, subject_.period, subject_.job->settings.schedule.settle, fetched, true);
    const std::string query = fetched->queries.empty() ? "" : fetched->queries.front().text;
    const collector::RawAnswers raw(fetched);
    const metering::QuantityConverter converter(subject_.spec, context.rounding);
    std::size_t found = 0;
    for (const metering::UsageRow& row : result.rows) {
      const base::LabelSet labels = metering::LabelsOf(context, result, row);
      if (!Has(labels, subject_.labels)) {
        continue;
      }
      ++found;
      delivery::Explanation record;
      record.name = subject_.spec.name;
      record.scope = metering::ScopeOf(context, result, row);
      for (const std::string& name : metering::GroupbyLabels(subject_.spec, context.scope_key)) {
        record.groupby.emplace_back(name, *base::Find(labels, name));
      }
      record.period = subject_.period;
      for (const metering::SeriesSteps& steps : exact_.usage().steps) {
        if (steps.group == row.series) {
          record.series.push_back(steps);
        }
      }
      const auto& spec = subject_.spec;
      record.function = spec.aggregation_method + "(" +
                        (spec.query_function.empty() ? "" : spec.query_function + "(") +
                        metering::RangeFunctionOf(spec) +
                        (spec.query_function.empty() ? ")" : "))");
      record.factor = spec.factor.ToText();
      record.offset = spec.offset.ToText();
      record.mutate = metering::ToText(spec.mutate);
      record.quantity = metering::ToText(row.quantity, context.rounding);
      const metering::ServerAnswers answers = metering::CompareWithServers(
          spec, subject_.period, server.closed_edges.value_or(false), labels, raw.answers());
      record.increase = Billed(converter, answers.increase);
      record.delta = Billed(converter, answers.delta);
      record.anchored = Billed(converter, answers.anchored);
      record.evidence = EvidenceOf(subject_, query, server, exact_.usage().evidence[row.series]);
      if (options_.format == Format::kJson) {
        std::cout << delivery::ToJson(record) << '\n';
      } else {
        PrintTable(record);
      }
    }
    if (found == 0) {
      std::cerr << "no record of that period has these labels\n";
    }
    return kDone;
  }

  const ExplainOptions& options_;
  const Configuration& configuration_;
  Subject subject_;
  collector::ExactPreview exact_;
};

}  // namespace

int RunExplain(const ExplainOptions& options) {
  if (options.format == Format::kCsv) {
    return PrintError("explain prints a table or JSON", kWrongUsage);
  }
  auto configuration = LoadConfiguration(options.config_file, Warnings::kHide, Files::kNeeded);
  if (!configuration) {
    return configuration.error();
  }
  auto subject = ResolveSubject(options, *configuration);
  if (!subject) {
    return subject.error();
  }
  return Explainer(options, *configuration, *std::move(subject)).Run();
}

}  // namespace promtally::cli
