// SPDX-License-Identifier: Apache-2.0
#include "cli/scope_totals.h"

#include <set>
#include <utility>

#include "collector/exact_preview.h"
#include "collector/local_answers.h"
#include "collector/preview.h"
#include "promtally/config/metrics_file.h"

namespace promtally::cli {

TotalsReader::TotalsReader(const config::SourceSettings& source)
    : preview_(std::make_unique<collector::Preview>(source)) {}
TotalsReader::~TotalsReader() = default;

bool TotalsReader::reached() const { return preview_->reached(); }

SpecTotals TotalsReader::Read(const QueryTarget& target,
                              const std::shared_ptr<const metering::MetricSpec>& spec) {
  SpecTotals totals;
  totals.name = spec->name;
  totals.definition = config::ToDefinition(*spec);
  metering::ConversionContext context;
  context.spec = spec.get();
  context.scope_key = target.scope_key;
  context.rounding = target.rounding;
  context.filter = target.filter.get();
  context.limits = target.limits;
  collector::ExactPreview exact;
  for (const metering::Period& period : target.periods) {
    collector::FetchRequest request;
    request.spec = spec;
    request.scope_key = target.scope_key;
    request.period = period;
    request.filter = target.filter;
    request.scopes = target.filter->ListedScopes();
    request.no_retries = true;
    const bool is_half_open = target.window_edges == config::WindowEdges::kHalfOpen;
    request.without_begin = is_half_open && preview_->server().closed_edges == true;
    if (spec->evaluation != metering::Evaluation::kPromql) {
      request.raw = metering::RawRangeOf(*spec, target.settle);
    }
    collector::FetchResult fetched = preview_->Fetch(std::move(request));
    const std::string where = base::ToText(period.end) + ": ";
    if (spec->evaluation == metering::Evaluation::kLocal) {
      collector::ComputeLocally(context, {period, is_half_open}, preview_->server(), &fetched);
    }
    if (fetched.failure) {
      totals.failure = where + fetched.failure->reason + ": " + fetched.failure->detail;
      return totals;
    }
    const metering::PeriodResult result =
        spec->evaluation == metering::Evaluation::kExact
            ? exact.Convert(context, period, target.settle, &fetched)
            : metering::ConvertAnswers(context, std::move(fetched.answers));
    if (!result.failure.empty()) {
      totals.failure = where + result.failure + ": " + result.failure_detail;
      return totals;
    }
    for (const metering::UsageRow& row : result.rows) {
      totals.by_scope[metering::ScopeOf(context, result, row)] += row.quantity;
    }
  }
  return totals;
}

base::Decimal ComparedTotal::Change() const {
  return after.value_or(base::Decimal(0)) - before.value_or(base::Decimal(0));
}

std::optional<base::Decimal> ComparedTotal::Percent() const {
  if (!before || !after || before->IsZero()) {
    return std::nullopt;
  }
  constexpr int kDigits = 34;
  constexpr std::int64_t kTenThousand = 10'000;
  static const base::Decimal hundredth = base::Decimal::Parse("0.01").value_or(base::Decimal());
  const base::Decimal share = base::Decimal::Divide(Change() * kTenThousand, before->Abs(), kDigits,
                                                    base::Rounding::kHalfEven);
  return share.Nearest() * hundredth;
}

std::vector<ComparedTotal> Compare(const std::string& name,
                                   const std::optional<ScopeTotals>& before,
                                   const std::optional<ScopeTotals>& after) {
  std::set<std::optional<std::string>> scopes;
  ComparedTotal total{name, true, std::nullopt, std::nullopt, std::nullopt};
  const auto add = [&scopes](const std::optional<ScopeTotals>& side,
                             std::optional<base::Decimal>* sum) {
    if (!side) {
      return;
    }
    *sum = base::Decimal(0);
    for (const auto& [scope, quantity] : *side) {
      scopes.insert(scope);
      **sum += quantity;
    }
  };
  add(before, &total.before);
  add(after, &total.after);
  const auto of = [](const std::optional<ScopeTotals>& side,
                     const std::optional<std::string>& scope) -> std::optional<base::Decimal> {
    if (!side) {
      return std::nullopt;
    }
    const auto found = side->find(scope);
    return found == side->end() ? std::nullopt : std::optional(found->second);
  };
  std::vector<ComparedTotal> compared;
  for (const std::optional<std::string>& scope : scopes) {
    compared.push_back({name, false, scope, of(before, scope), of(after, scope)});
  }
  compared.push_back(std::move(total));
  return compared;
}

}  // namespace promtally::cli
