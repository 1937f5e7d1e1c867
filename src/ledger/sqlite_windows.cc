// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "ledger/catalog.h"
#include "ledger/quantity_column.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

std::optional<std::int64_t> CommittedPeriod(Connection& db, std::int64_t spec_id,
                                            metering::Period period) {
  return db.Find(
      "select period_id from period where spec_id = ? and kind = 0 and begin = ? and end = ?"
      " and state = 3",
      spec_id, period.begin, period.end);
}

/// Calls `visit` with the series and the newest quantity of each record that is there.
template <typename Visit>
void VisitQuantities(Connection& db, std::int64_t period_id, const Visit& visit) {
  auto rows = db.Query(
      "select series_id, quantity from record r where period_id = ?1 and revision ="
      " (select max(z.revision) from record z where z.period_id = ?1"
      " and z.series_id = r.series_id) and quantity is not null order by series_id",
      period_id);
  while (rows.Next()) {
    visit(rows->Int(0), RequireDecimal(*rows, 1, "a quantity"));
  }
}

/// By series id, with all values missing.
std::map<std::int64_t, UsageWindow> SeriesOf(Connection& db, std::int64_t period_id,
                                             std::size_t steps) {
  auto rows = db.Query(
      "select s.series_id, s.scope, s.labels from record r join series s using(series_id)"
      " where r.period_id = ? order by s.series_id",
      period_id);
  std::map<std::int64_t, UsageWindow> windows;
  while (rows.Next()) {
    UsageWindow& window = windows[rows->Int(0)];
    window.scope = rows->MaybeText(1);
    window.labels = RequireLabels(*rows, 2);
    window.values.resize(steps);
  }
  return windows;
}

}  // namespace

base::Result<std::vector<UsageWindow>> SqliteLedger::Windows(
    std::int64_t spec_id, const std::vector<metering::Period>& periods) {
  return Guarded([&]() -> base::Result<std::vector<UsageWindow>> {
    std::vector<UsageWindow> windows;
    Transaction snapshot(db_, Transaction::Kind::kRead);
    const auto newest =
        periods.empty() ? std::nullopt : CommittedPeriod(db_, spec_id, periods.back());
    if (!newest) {
      return windows;
    }
    std::map<std::int64_t, UsageWindow> by_series = SeriesOf(db_, *newest, periods.size());
    for (std::size_t step = 0; step < periods.size(); ++step) {
      const auto period_id = CommittedPeriod(db_, spec_id, periods[step]);
      if (!period_id) {
        continue;
      }
      VisitQuantities(db_, *period_id, [&](std::int64_t series, base::Decimal quantity) {
        if (const auto found = by_series.find(series); found != by_series.end()) {
          found->second.values[step] = std::move(quantity);
        }
      });
    }
    for (auto& [series, window] : by_series) {
      if (window.values.back()) {  // else a later revision took the record away
        windows.push_back(std::move(window));
      }
    }
    std::sort(windows.begin(), windows.end(), [](const UsageWindow& a, const UsageWindow& b) {
      return std::tie(a.scope, a.labels) < std::tie(b.scope, b.labels);
    });
    return windows;
  });
}

}  // namespace promtally::ledger
