// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <unordered_set>

#include "exposition/family_writer.h"
#include "exposition/metric_entry.h"

namespace promtally::exposition {

// Rows and metrics carry the epoch in which they came; this reader's is later than that of all that
// was there when it began, and not later than that of anything that comes while it reads. A series
// that is removed and made again gets a new epoch, so it cannot be shown twice.
class MetricReader : public PieceReader {
 public:
  struct Scope {
    PageStyle style;
    base::Instant now;
    std::uint32_t epoch = 0;
    std::unordered_set<std::uint64_t> hidden;                // ids
    std::optional<std::unordered_set<std::uint64_t>> shown;  // nullopt: all
  };
  using Families = MetricStore::Families;

  MetricReader(const Families& families, bool created_series, Scope scope)
      : families_(families), created_series_(created_series), scope_(std::move(scope)) {}

  bool Next(std::string& out) override {
    const std::size_t begin = out.size();
    const std::size_t end = PieceEnd(begin);
    while (out.size() < end && (entry_ != nullptr || BeginFamily(out))) {
      Continue(out, end);
    }
    return out.size() > begin;
  }

 private:
  enum class Part { kSeries, kCreated };

  [[nodiscard]] bool IsShown(const MetricStore::Entry& entry) const {
    if (entry.family.epoch() >= scope_.epoch || scope_.hidden.contains(entry.id)) {
      return false;
    }
    return !scope_.shown || scope_.shown->contains(entry.id);
  }

  // The next metric that is to be shown, by name.
  bool BeginFamily(std::string& out) {
    auto at = last_ ? families_.upper_bound(*last_) : families_.begin();
    while (at != families_.end() && !IsShown(*at->second)) {
      ++at;
    }
    if (at == families_.end()) {
      // What was passed over would be passed over again.
      last_ = families_.empty() ? last_ : std::optional(families_.rbegin()->first);
      return false;
    }
    last_ = at->first;
    entry_ = at->second;
    writer_.emplace(entry_->family, scope_.style, created_series_, scope_.now);
    writer_->AppendHead(out);
    part_ = Part::kSeries;
    row_ = 0;
    return true;
  }

  void Continue(std::string& out, std::size_t enough) {
    const SeriesTable& table = entry_->family.series();
    for (; !entry_->removed && row_ < table.end() && out.size() < enough; ++row_) {
      if (!table.IsUsed(row_) || table.Epoch(row_) >= scope_.epoch) {
        continue;
      }
      if (part_ == Part::kSeries) {
        writer_->AppendSeries(out, row_);
      } else {
        writer_->AppendCreated(out, row_);
      }
    }
    if (!entry_->removed && row_ < table.end()) {
      return;
    }
    if (!entry_->removed && part_ == Part::kSeries && writer_->HasCreatedFamily()) {
      writer_->AppendCreatedHead(out);
      part_ = Part::kCreated;
      row_ = 0;
      return;
    }
    writer_.reset();
    entry_.reset();
  }

  const Families& families_;
  const bool created_series_;
  const Scope scope_;
  std::optional<std::string> last_;  // the metric at hand or the one before
  std::shared_ptr<MetricStore::Entry> entry_;
  std::optional<FamilyWriter> writer_;
  Part part_ = Part::kSeries;
  MetricFamily::Row row_ = 0;
};

// The metrics that have a name, as it is or as it is escaped.
void MetricStore::AddIdsOf(std::string_view name, std::unordered_set<std::uint64_t>& ids) const {
  const auto add = [&](const std::unordered_map<std::string, Entry*>& map, const std::string& key) {
    if (const auto found = map.find(key); found != map.end()) {
      ids.insert(found->second->id);
    }
  };
  add(names_, std::string(name));
  add(keys_, "u" + std::string(name));
  add(keys_, "v" + std::string(name));
}

// Names in dots are not among the keys, for others are never made equal by them; hardly anybody
// asks for one.
void MetricStore::AddIdsInDots(const NameFilter& filter, const PageStyle& style,
                               std::unordered_set<std::uint64_t>& ids) const {
  if (style.escaping != Escaping::kDots) {
    return;
  }
  for (const auto& [family, entry] : families_) {
    for (const std::string& name : NamesOf(entry->family.definition())) {
      if (filter.Has(EscapedMetricName(name, style.escaping))) {
        ids.insert(entry->id);
      }
    }
  }
}

std::unique_ptr<PieceReader> MetricStore::Read(const PageStyle& style, const NameFilter& filter,
                                               base::Instant now,
                                               const std::vector<std::string>& taken) {
  MetricReader::Scope scope{style, now, ++epoch_, strangers_, std::nullopt};
  constexpr std::string_view kTotal = "_total";  // a counter's family has none in OpenMetrics
  for (const std::string& name : taken) {
    const std::size_t family = name.size() - (name.ends_with(kTotal) ? kTotal.size() : 0);
    AddIdsOf(name, scope.hidden);
    AddIdsOf(std::string_view(name).substr(0, family), scope.hidden);
  }
  if (!filter.TakesAll()) {
    scope.shown.emplace();
    for (const std::string& name : filter.names()) {
      AddIdsOf(name, *scope.shown);
    }
    AddIdsInDots(filter, style, *scope.shown);
  }
  return std::make_unique<MetricReader>(families_, options_.limits.created_series,
                                        std::move(scope));
}

}  // namespace promtally::exposition
