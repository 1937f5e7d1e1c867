// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/curl_command.h"
#include "cli/exit_status.h"
#include "cli/prediction_preview.h"
#include "cli/query_target.h"
#include "cli/record_table.h"
#include "collector/exact_preview.h"
#include "collector/local_answers.h"
#include "collector/preview.h"
#include "delivery/json_lines.h"
#include "promtally/metering/exact_usage.h"

namespace promtally::cli {

namespace {

/// Prints what would be sent, as queries or as curl commands.
class DryRun {
 public:
  DryRun(Format format, bool as_curl) : format_(format), as_curl_(as_curl) {}

  void Add(const QueryTarget& target, const metering::MetricSpec& spec,
           const metering::Period& period) {
    const metering::QueryParts parts = PartsOf(target, spec);
    if (!parts.unknown_scopes.empty()) {
      std::cerr << fmt::format(
          "note: \"{}\" is asked once a scope ({}); name scopes with --scope, or let --execute "
          "find "
          "them\n",
          Printable(spec.name), Printable(parts.unknown_scopes));
      return;
    }
    for (const metering::QueryPart& part : parts.parts) {
      const metering::PeriodQuery query =
          metering::QueryOfPeriod(spec, target.scope_key, part.scopes, period, target.settle);
      delivery::QueryLine line{target.job, spec.metric, spec.name,
                               part.asked, query.text,  query.time};
      if (as_curl_) {
        line.curl = CurlCommand(*target.source, line.query, line.time);
        names_variables_ =
            names_variables_ || line.curl->find("\"$PROMTALLY_") != std::string::npos;
      }
      if (format_ == Format::kJson) {
        std::cout << delivery::ToJson(line) << '\n';
      } else if (as_curl_ && format_ == Format::kTable) {
        std::cout << *line.curl << '\n';
      } else if (as_curl_) {
        curl_table_.Add({line.name, line.scope.value_or(""), base::ToText(line.time), *line.curl});
      } else {
        table_.Add({line.name, line.scope.value_or(""), base::ToText(line.time), line.query});
      }
    }
  }

  void Print() const {
    if (names_variables_) {
      std::cerr
          << "note: secrets are left out; set the variables $PROMTALLY_… of the commands first\n";
    }
    if (format_ == Format::kJson || (as_curl_ && format_ == Format::kTable)) {
      return;
    }
    (as_curl_ ? curl_table_ : table_).Print(std::cout, format_);
  }

 private:
  Format format_;
  bool as_curl_;
  bool names_variables_ = false;
  Table table_{{{"name"}, {"scope"}, {"time"}, {"query"}}};
  Table curl_table_{{{"name"}, {"scope"}, {"time"}, {"curl"}}};
};

/// Asks the server and prints records; touches no ledger.
class Execution {
 public:
  explicit Execution(Format format) : records_(format, false), predictions_(format) {}

  void Run(const QueryTarget& target) {
    collector::Preview preview(*target.source);
    for (const metering::Period& period : target.periods) {
      for (const auto& spec : target.specs) {
        Show(target, *spec, period, Fetch(target, spec, period, &preview));
        collector::ExactPreview exact;
        predictions_.Show(target, *spec, period, [&](metering::Period window) {
          return AskAgain(target, *spec, window, Fetch(target, spec, window, &preview), &exact);
        });
      }
    }
    reached_ = reached_ || preview.reached();
  }

  int Finish() {
    records_.Finish();
    predictions_.Finish();
    if (!reached_) {
      return kUnreachable;
    }
    return complete_ && predictions_.is_complete() ? kDone : kIncomplete;
  }

 private:
  static collector::FetchResult Fetch(const QueryTarget& target,
                                      const std::shared_ptr<const metering::MetricSpec>& spec,
                                      const metering::Period& period, collector::Preview* preview) {
    collector::FetchRequest request;
    request.spec = spec;
    request.scope_key = target.scope_key;
    request.period = period;
    request.filter = target.filter;
    request.scopes = target.scopes.empty() ? target.filter->ListedScopes() : target.scopes;
    request.per_scope = target.per_scope;
    request.no_retries = true;
    const bool is_half_open = target.window_edges == config::WindowEdges::kHalfOpen;
    request.without_begin = is_half_open && preview->server().closed_edges == true;
    if (spec->evaluation != metering::Evaluation::kPromql) {
      request.raw = metering::RawRangeOf(*spec, target.settle);
    }
    collector::FetchResult fetched = preview->Fetch(std::move(request));
    if (spec->evaluation == metering::Evaluation::kLocal) {
      metering::ConversionContext context;
      context.spec = spec.get();
      context.scope_key = target.scope_key;
      collector::ComputeLocally(context, {period, is_half_open}, preview->server(), &fetched);
    }
    return fetched;
  }

  static metering::ConversionContext ContextOf(const QueryTarget& target,
                                               const metering::MetricSpec& spec) {
    metering::ConversionContext context;
    context.spec = &spec;
    context.scope_key = target.scope_key;
    context.rounding = target.rounding;
    context.filter = target.filter.get();
    context.limits = target.limits;
    return context;
  }

  static metering::PeriodResult Convert(const QueryTarget& target,
                                        const metering::ConversionContext& context,
                                        const metering::Period& period,
                                        collector::FetchResult* fetched,
                                        collector::ExactPreview* exact) {
    return context.spec->evaluation == metering::Evaluation::kExact
               ? exact->Convert(context, period, target.settle, fetched)
               : metering::ConvertAnswers(context, std::move(fetched->answers));
  }

  /// A period of a model's window.
  static std::optional<std::vector<AskedQuantity>> AskAgain(const QueryTarget& target,
                                                            const metering::MetricSpec& spec,
                                                            const metering::Period& period,
                                                            collector::FetchResult fetched,
                                                            collector::ExactPreview* exact) {
    const metering::ConversionContext context = ContextOf(target, spec);
    std::string failure = fetched.failure ? fetched.failure->detail : std::string();
    metering::PeriodResult result;
    if (!fetched.failure) {
      result = Convert(target, context, period, &fetched, exact);
      failure = result.failure_detail;
    }
    if (fetched.failure || !result.failure.empty()) {
      PrintError(fmt::format("{} {}: no window: {}", spec.name, base::ToText(period.end), failure),
                 kIncomplete);
      return std::nullopt;
    }
    std::vector<AskedQuantity> asked;
    for (const metering::UsageRow& row : result.rows) {
      asked.push_back({metering::ScopeOf(context, result, row),
                       metering::LabelsOf(context, result, row), row.quantity});
    }
    return asked;
  }

  void Show(const QueryTarget& target, const metering::MetricSpec& spec,
            const metering::Period& period, collector::FetchResult fetched) {
    for (const collector::FetchedQuery& query : fetched.queries) {
      std::cerr << fmt::format("{} {}: {}\n  {} series, {} bytes, {:.1f} ms\n",
                               Printable(spec.name), base::ToText(period.end),
                               Printable(query.text), query.series, query.bytes,
                               static_cast<double>(query.wall.count()) / 1000);
      if (!query.annotations.empty()) {
        std::cerr << "  " << Printable(query.annotations) << '\n';
      }
    }
    if (fetched.failure) {
      complete_ = false;
      PrintError(fmt::format("{} {}: {}: {}", spec.name, base::ToText(period.end),
                             fetched.failure->reason, fetched.failure->detail),
                 kIncomplete);
      return;
    }
    const metering::ConversionContext context = ContextOf(target, spec);
    metering::PeriodResult result = Convert(target, context, period, &fetched, &exact_[&spec]);
    result.rejected.insert(result.rejected.end(), fetched.rejected.begin(), fetched.rejected.end());
    PrintProblems(spec, period, result);
    for (const metering::UsageRow& row : result.rows) {
      records_.Add(MakeRecord(target, spec, period, context, result, row));
    }
  }

  void PrintProblems(const metering::MetricSpec& spec, const metering::Period& period,
                     const metering::PeriodResult& result) {
    if (!result.failure.empty()) {
      complete_ = false;
      PrintError(fmt::format("{} {}: {}: {}", spec.name, base::ToText(period.end), result.failure,
                             result.failure_detail),
                 kIncomplete);
    }
    for (const metering::RejectedSeries& rejected : result.rejected) {
      complete_ = false;
      std::cerr << fmt::format("  rejected ({}): {} {}\n", rejected.reason,
                               Printable(delivery::LabelsJson(rejected.labels)),
                               Printable(rejected.value));
    }
    const auto count = [](std::size_t number, std::string_view what) {
      if (number > 0) {
        std::cerr << fmt::format("  {} {}\n", number, what);
      }
    };
    count(result.unattributed, "series without a scope (unattributed)");
    count(result.excluded, "series of scopes that are excluded");
    count(result.skipped, "rows skipped by the skip expression");
    count(result.skip_failures, "rows kept that the skip expression could not judge");
  }

  static metering::UsageRecord MakeRecord(const QueryTarget& target,
                                          const metering::MetricSpec& spec,
                                          const metering::Period& period,
                                          const metering::ConversionContext& context,
                                          const metering::PeriodResult& result,
                                          const metering::UsageRow& row) {
    metering::UsageRecord record;
    record.job = target.job.value_or("");
    record.metric = spec.metric;
    record.name = spec.name;
    record.scope = metering::ScopeOf(context, result, row);
    record.period = period;
    record.unit = spec.unit;
    record.quantity = metering::ToText(row.quantity, context.rounding);
    const base::LabelSet labels = metering::LabelsOf(context, result, row);
    for (const std::string& name : metering::GroupbyLabels(spec, context.scope_key)) {
      AddOnce(&record.groupby, name, labels);
    }
    for (const std::string& name : spec.metadata) {
      AddOnce(&record.metadata, name, labels);
    }
    record.source = target.source->name;
    return record;
  }

  static void AddOnce(metering::OrderedLabels* to, const std::string& name,
                      const base::LabelSet& labels) {
    for (const auto& label : *to) {
      if (label.first == name) {
        return;
      }
    }
    to->emplace_back(name, *base::Find(labels, name));
  }

  RecordTable records_;
  PredictionPreview predictions_;
  std::map<const metering::MetricSpec*, collector::ExactPreview> exact_;
  bool reached_ = false;
  bool complete_ = true;
};

}  // namespace

int RunQuery(const QueryOptions& options) {
  auto targets = ResolveQuery(options);
  if (!targets) {
    return targets.error();
  }
  if (options.execute) {
    Execution execution(options.format);
    for (const QueryTarget& target : *targets) {
      execution.Run(target);
    }
    return execution.Finish();
  }
  DryRun dry_run(options.format, options.curl);
  for (const QueryTarget& target : *targets) {
    for (const metering::Period& period : target.periods) {
      for (const auto& spec : target.specs) {
        dry_run.Add(target, *spec, period);
      }
    }
  }
  dry_run.Print();
  return kDone;
}

}  // namespace promtally::cli
