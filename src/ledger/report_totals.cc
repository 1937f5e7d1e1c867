// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <compare>
#include <map>
#include <tuple>
#include <utility>

#include "ledger/catalog.h"
#include "ledger/quantity_column.h"
#include "ledger/series_sums.h"
#include "ledger/sqlite_reader.h"

namespace promtally::ledger {
namespace {

/// What a total line is for, in the order of the lines.
struct TotalKey {
  std::string job;
  std::string name;
  std::optional<std::string> scope;
  std::vector<std::string> labels;
  std::string unit;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  friend auto operator<=>(const TotalKey&, const TotalKey&) = default;
};

struct TotalValue {
  QuantitySum quantity;
  std::int64_t records = 0;
  metering::Period extent;
};

/// A committed period and the unit in which it was.
struct UnitPeriod {
  std::int64_t id = 0;
  metering::Period period;
  std::string unit;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  bool is_revised = false;  ///< later revisions may replace or remove records
};

class TotalReader {
 public:
  TotalReader(Connection& db, const UsageFilter& filter, const UsageGrouping& grouping)
      : db_(db), filter_(filter), grouping_(grouping) {}

  /// Periods of one unit and kind are summed up per series, then the series are grouped: labels are
  /// read once a series instead of once a record.
  void AddSpec(const Job& job, const Spec& spec) {
    const std::vector<UnitPeriod> periods = Periods(spec.id);
    SeriesSums sums;
    for (std::size_t i = 0; i < periods.size(); ++i) {
      AddPeriod(periods[i], sums);
      const bool is_last = i + 1 == periods.size() || periods[i + 1].unit != periods[i].unit ||
                           periods[i + 1].kind != periods[i].kind;
      if (is_last) {
        TotalKey key;
        key.job = job.name;
        key.name = spec.name;
        key.unit = periods[i].unit;
        key.kind = periods[i].kind;
        Group(std::move(key), sums);
        sums = SeriesSums();
      }
    }
  }

  [[nodiscard]] std::vector<UsageTotal> Finish() const {
    std::vector<UsageTotal> totals;
    for (const auto& [key, value] : totals_) {
      UsageTotal& total = totals.emplace_back();
      total.job = key.job;
      total.name = key.name;
      total.unit = key.unit;
      total.kind = key.kind;
      total.scope = key.scope;
      for (std::size_t i = 0; i < grouping_.labels.size(); ++i) {
        total.groupby.emplace_back(grouping_.labels[i], key.labels[i]);
      }
      total.quantity = value.quantity.Total();
      total.records = value.records;
      total.extent = value.extent;
    }
    return totals;
  }

 private:
  std::vector<UnitPeriod> Periods(std::int64_t spec_id) {
    auto rows = db_.Query(
        "select p.period_id, p.begin, p.end, v.unit, p.kind, p.revision from period p"
        " join revision r on r.period_id = p.period_id and r.revision = p.revision"
        " join spec_version v on v.spec_version_id = r.spec_version_id"
        " where p.spec_id = ?1 and p.state = 3 and (?2 is null or p.begin >= ?2)"
        " and (?3 is null or p.begin < ?3) order by p.kind, v.unit, p.begin",
        spec_id, filter_.begin, filter_.end);
    std::vector<UnitPeriod> periods;
    while (rows.Next()) {
      periods.push_back({rows->Int(0),
                         {rows->Instant(1), rows->Instant(2)},
                         std::string(rows->Text(3)),
                         static_cast<metering::UsageKind>(rows->Int(4)),
                         rows->Int(5) > 0});
    }
    return periods;
  }

  void AddPeriod(const UnitPeriod& period, SeriesSums& sums) {
    auto rows = db_.Query(
        period.is_revised
            ? "select series_id, quantity from record r where period_id = ?1 and not exists"
              " (select 1 from record z where z.period_id = ?1 and z.series_id = r.series_id"
              " and z.revision > r.revision) and quantity is not null order by series_id"
            : "select series_id, quantity from record where period_id = ?1 order by series_id",
        period.id);
    sums.StartPeriod();
    while (rows.Next()) {
      SeriesSums::Slot& slot = sums.Enter(rows->Int(0), period.period);
      if (rows->IsInteger(1)) {
        slot.positive.Add(rows->Int(1));
      } else {
        slot.positive.Add(RequireDecimal(*rows, 1, "a quantity"));
      }
    }
  }

  void Group(TotalKey key, const SeriesSums& sums) {
    const bool reads_series = grouping_.by_scope || !grouping_.labels.empty() || filter_.scopes;
    for (const SeriesSums::Slot& slot : sums.slots()) {
      if (reads_series && !ReadSeries(slot.series_id, key)) {
        continue;
      }
      TotalValue& value = totals_[key];
      if (value.records == 0) {
        value.extent = slot.extent;
      }
      value.quantity.Add(slot.positive);
      value.records += slot.records;
      value.extent.begin = std::min(value.extent.begin, slot.extent.begin);
      value.extent.end = std::max(value.extent.end, slot.extent.end);
    }
  }

  /// False: the series is of a scope that was not asked for.
  bool ReadSeries(std::int64_t series_id, TotalKey& key) {
    auto rows = db_.Query("select scope, labels from series where series_id = ?", series_id);
    if (!rows.Next()) {
      throw DatabaseError(base::ErrorCode::kInternal,
                          "the ledger lacks a series that has records: run verify");
    }
    const auto scope = rows->MaybeText(0);
    if (filter_.scopes && (!scope || std::find(filter_.scopes->begin(), filter_.scopes->end(),
                                               *scope) == filter_.scopes->end())) {
      return false;
    }
    key.scope = grouping_.by_scope ? scope : std::nullopt;
    key.labels.clear();
    const base::LabelSet labels = RequireLabels(*rows, 1);
    for (const std::string& name : grouping_.labels) {
      const std::string* value = base::Find(labels, name);
      key.labels.push_back(value != nullptr ? *value : std::string());
    }
    return true;
  }

  Connection& db_;
  const UsageFilter& filter_;
  const UsageGrouping& grouping_;
  std::map<TotalKey, TotalValue> totals_;
};

}  // namespace

std::vector<UsageTotal> ReadTotals(Connection& db, const UsageFilter& filter,
                                   const UsageGrouping& grouping) {
  TotalReader reader(db, filter, grouping);
  for (const Job& job : ReadJobs(db)) {
    for (const Spec& spec : ReadSpecs(db, job.id)) {
      if (Takes(filter, job, spec)) {
        reader.AddSpec(job, spec);
      }
    }
  }
  return reader.Finish();
}

}  // namespace promtally::ledger
