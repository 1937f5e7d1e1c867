// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_store.h"

#include <algorithm>
#include <unordered_set>

#include "exposition/journal_record.h"
#include "exposition/metric_entry.h"
#include "exposition/self_metrics.h"

namespace promtally::exposition {
namespace {

// Names that OpenMetrics derives from a family of promtally's own: a counter's family has no
// `_total`, and counters and histograms may have `_created`. Prometheus adds `up` to what it
// scrapes and then has two; clients of the ICOS routes may want that.
bool IsOwnName(std::string_view name) {
  constexpr std::string_view kCreated = "_created";
  if (name == "up") {
    return false;
  }
  if (IsOwnFamily(name) || IsOwnFamily(std::string(name) + "_total")) {
    return true;
  }
  if (!name.ends_with(kCreated)) {
    return false;
  }
  const std::string family(name.substr(0, name.size() - kCreated.size()));
  return IsOwnFamily(family + "_total") || IsOwnFamily(family + "_bucket");
}

}  // namespace

MetricStore::MetricStore(Options options)
    : options_(std::move(options)), texts_(std::make_shared<TextArena>()) {}

MetricStore::~MetricStore() = default;

base::Status MetricStore::CheckStrangers(const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    const std::string plain = EscapedMetricName(name, Escaping::kUnderscores);
    for (const std::string& one : {name, plain}) {
      const bool taken =
          options_.is_taken && (options_.is_taken(one) || options_.is_taken(one + "_total"));
      if (taken || IsOwnName(one)) {
        return base::Fail(base::ErrorCode::kConflict,
                          "the name " + InQuotes(one) + " is one of promtally's own or of usage");
      }
    }
  }
  return {};
}

// A journal may be older than a family of promtally's own.
void MetricStore::FindStrangers() {
  for (const auto& [family, entry] : families_) {
    const auto names = NamesOf(entry->family.definition());
    const bool is_stranger = std::any_of(names.begin(), names.end(), [](const std::string& name) {
      return IsOwnName(name) || IsOwnName(EscapedMetricName(name, Escaping::kUnderscores));
    });
    if (is_stranger) {
      strangers_.insert(entry->id);
    }
  }
}

base::Status MetricStore::CheckFree(const MetricDefinition& definition,
                                    std::string_view alias) const {
  std::vector<std::string> names = NamesOf(definition);
  if (!alias.empty()) {
    names.emplace_back(alias);
  }
  const auto conflict = [](std::string_view name, const Entry& holder) {
    return base::Fail(base::ErrorCode::kConflict,
                      "the name " + InQuotes(name) + " is already one of the " +
                          std::string(ToText(holder.family.definition().type)) + " " +
                          InQuotes(holder.family.definition().name));
  };
  for (const std::string& name : names) {
    if (const auto held = names_.find(name); held != names_.end()) {
      return conflict(name, *held->second);
    }
  }
  for (const std::string& key : EscapedKeys(definition)) {
    if (const auto held = keys_.find(key); held != keys_.end()) {
      return conflict(key.substr(1), *held->second);
    }
  }
  return CheckStrangers(names);
}

base::Result<bool> MetricStore::Create(const MetricDefinition& definition, base::Instant now,
                                       std::span<const SampleChange> first) {
  auto normal = Normalized(definition, options_.limits);
  if (!normal) {
    return tl::unexpected(normal.error());
  }
  if (const auto found = families_.find(normal->name); found != families_.end()) {
    if (found->second->family.definition() != *normal) {
      return base::Fail(base::ErrorCode::kConflict,
                        "the metric " + InQuotes(normal->name) + " exists with another definition");
    }
    return Apply(normal->name, first, now).map([](std::size_t) { return false; });
  }
  std::string alias = normal->name == definition.name ? "" : definition.name;
  if (auto free = CheckFree(*normal, alias); !free) {
    return tl::unexpected(free.error());
  }
  const bool initial = normal->labels.empty() && normal->type != MetricType::kInfo;
  const std::size_t limit = options_.limits.max_series;
  if (limit > 0 && (families_.size() >= limit || (initial && series_ >= limit))) {
    return base::Fail(base::ErrorCode::kRejected,
                      "there are " + std::to_string(limit) + " series already, the limit");
  }
  const auto entry =
      std::make_shared<Entry>(next_id_, std::move(alias), *std::move(normal), now, epoch_, texts_);
  const auto checked = CheckAll(*entry, first);
  if (!checked) {
    return tl::unexpected(checked.error());
  }
  const CreationFacts facts{entry->id, entry->alias, now, initial};
  if (auto written = Write(CreateFrame(facts, entry->family.definition(), *checked), nullptr);
      !written) {
    return tl::unexpected(written.error());
  }
  entry->in_copy = copy_ != nullptr;
  Register(entry);
  if (initial) {
    AddInitialSeries(*entry, now);
  }
  ApplyTo(*entry, *checked, now);
  return true;
}

void MetricStore::Register(const EntryPtr& entry) {
  next_id_ = std::max(next_id_, entry->id + 1);
  const MetricDefinition& normal = entry->family.definition();
  families_.emplace(normal.name, entry);
  by_id_.emplace(entry->id, entry);
  for (std::string& name : NamesOf(normal)) {
    names_.emplace(std::move(name), entry.get());
  }
  if (!entry->alias.empty()) {
    names_.emplace(entry->alias, entry.get());
  }
  for (std::string& key : EscapedKeys(normal)) {
    keys_.emplace(std::move(key), entry.get());
  }
}

void MetricStore::AddInitialSeries(Entry& entry, base::Instant now) {
  SeriesState state;
  state.counts.resize(entry.family.stride());
  state.created = state.changed = now;
  entry.family.Restore("", state, epoch_);
  ++series_;
}

void MetricStore::Forget(const EntryPtr& held) {
  const EntryPtr entry = held;  // `held` may be one of those that are erased here
  const MetricDefinition& definition = entry->family.definition();
  const auto erase = [&](auto& map, const std::string& name) {
    if (const auto at = map.find(name); at != map.end() && at->second == entry.get()) {
      map.erase(at);
    }
  };
  for (const std::string& name : NamesOf(definition)) {
    erase(names_, name);
  }
  erase(names_, entry->alias);
  for (const std::string& key : EscapedKeys(definition)) {
    erase(keys_, key);
  }
  series_ -= entry->family.series().size();
  entry->removed = true;
  by_id_.erase(entry->id);
  strangers_.erase(entry->id);
  families_.erase(families_.find(definition.name));
}

MetricStore::EntryPtr MetricStore::EntryOf(std::string_view name) const {
  const auto found = names_.find(std::string(name));
  return found == names_.end() ? nullptr
                               : families_.find(found->second->family.definition().name)->second;
}

base::Status MetricStore::CheckRoom(const Entry& entry,
                                    std::span<const CheckedChange> changes) const {
  const std::size_t here = entry.family.series().size();
  const std::size_t own = options_.limits.max_series_per_metric;
  const std::size_t all = options_.limits.max_series;
  const auto fits = [&](std::size_t added) {
    return (own == 0 || here + added <= own) && (all == 0 || series_ + added <= all);
  };
  if (fits(changes.size())) {
    return {};
  }
  std::unordered_set<std::string_view> added;
  for (const CheckedChange& change : changes) {
    if (!entry.family.series().Find(change.body)) {
      added.insert(change.body);
    }
  }
  if (added.empty() || fits(added.size())) {
    return {};
  }
  const bool own_limit = own > 0 && here + added.size() > own;
  return base::Fail(
      base::ErrorCode::kRejected,
      own_limit ? "the metric would have more than " + std::to_string(own) + " series, the limit"
                : "there would be more than " + std::to_string(all) + " series, the limit");
}

base::Result<std::vector<CheckedChange>> MetricStore::CheckAll(
    const Entry& entry, std::span<const SampleChange> changes) const {
  auto checked = CheckChanges(entry.family, changes, options_.limits);
  if (!checked) {
    return checked;
  }
  if (auto room = CheckRoom(entry, *checked); !room) {
    return tl::unexpected(room.error());
  }
  return checked;
}

base::Result<std::size_t> MetricStore::Apply(std::string_view name,
                                             std::span<const SampleChange> changes,
                                             base::Instant now) {
  const EntryPtr entry = EntryOf(name);
  if (!entry) {
    return NoMetric(name);
  }
  const auto checked = CheckAll(*entry, changes);
  if (!checked) {
    return tl::unexpected(checked.error());
  }
  return WriteAndApply(*entry, *checked, now);
}

std::optional<ChangeChecker> MetricStore::CheckerOf(std::string_view name) const {
  const MetricDefinition* const definition = DefinitionOf(name);
  return definition == nullptr ? std::nullopt
                               : std::optional(ChangeChecker(*definition, options_.limits));
}

base::Result<std::size_t> MetricStore::Apply(const ChangeChecker& checker,
                                             std::span<const CheckedChange> changes,
                                             base::Instant now) {
  const auto found = families_.find(checker.definition().name);
  if (found == families_.end() || found->second->family.definition() != checker.definition()) {
    return NoMetric(checker.definition().name);
  }
  const EntryPtr entry = found->second;
  if (auto room = CheckRoom(*entry, changes); !room) {
    return tl::unexpected(room.error());
  }
  return WriteAndApply(*entry, changes, now);
}

base::Result<std::size_t> MetricStore::WriteAndApply(Entry& entry,
                                                     std::span<const CheckedChange> changes,
                                                     base::Instant now) {
  if (!changes.empty()) {
    if (auto written = Write(ChangesFrame(entry.id, now, changes), &entry); !written) {
      return tl::unexpected(written.error());
    }
    ApplyTo(entry, changes, now);
  }
  return changes.size();
}

void MetricStore::ApplyTo(Entry& entry, std::span<const CheckedChange> changes, base::Instant now) {
  const std::size_t before = entry.family.series().size();
  for (const CheckedChange& change : changes) {
    entry.family.Apply(change, now, epoch_);
  }
  series_ += entry.family.series().size() - before;
}

base::Status MetricStore::Remove(std::string_view name) {
  const EntryPtr entry = EntryOf(name);
  if (!entry) {
    return NoMetric(name);
  }
  if (auto written = Write(RemoveFrame(entry->id), entry.get()); !written) {
    return written;
  }
  Forget(entry);
  return {};
}

base::Status MetricStore::RemoveSeries(std::string_view name, const base::LabelSet& labels) {
  const EntryPtr entry = EntryOf(name);
  if (!entry) {
    return NoMetric(name);
  }
  const auto body = entry->family.BodyOf(labels, options_.limits);
  const auto row = body ? entry->family.series().Find(*body) : std::nullopt;
  if (!row) {
    return base::Fail(base::ErrorCode::kNotFound, "there is no such series");
  }
  if (auto written = Write(RemoveSeriesFrame(entry->id, *body), entry.get()); !written) {
    return written;
  }
  entry->family.Remove(*row);
  --series_;
  return {};
}

std::size_t MetricStore::Expire(base::Instant now) {
  const bool due = std::any_of(families_.begin(), families_.end(), [&](const auto& family) {
    return family.second->family.MayExpire(now);
  });
  // Where it cannot be written, the next call tries again.
  return due && Write(ExpireFrame(now), nullptr) ? ExpireAll(now) : 0;
}

std::size_t MetricStore::ExpireAll(base::Instant now) {
  std::size_t removed = 0;
  for (const auto& [name, entry] : families_) {
    removed += entry->family.Expire(now);
  }
  series_ -= removed;
  return removed;
}

}  // namespace promtally::exposition
