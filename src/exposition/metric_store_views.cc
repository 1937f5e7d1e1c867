// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <limits>

#include "exposition/metric_entry.h"

namespace promtally::exposition {
namespace {

MetricView ViewOf(const MetricFamily& family) {
  return {family.definition(), family.created(), family.series().size()};
}

SeriesView ViewOf(const MetricFamily& family, MetricFamily::Row row, base::Instant now) {
  const MetricDefinition& definition = family.definition();
  SeriesView view;
  view.labels = LabelsOfBody(family.series().Body(row));
  view.value = family.value(row);
  if (definition.type == MetricType::kInfo) {
    view.info = LabelsOfBody(family.info(row));
  } else if (definition.type == MetricType::kStateSet) {
    view.state = definition.states.at(static_cast<std::size_t>(view.value));
  } else if (definition.type != MetricType::kGauge) {
    view.created = family.created(row);
  }
  for (std::size_t i = 0; i < definition.buckets.size(); ++i) {
    view.count += family.counts(row)[i];
    view.buckets.emplace_back(definition.buckets[i], view.count);
  }
  if (definition.type == MetricType::kSummary) {
    view.count = *family.counts(row);
    for (const auto& [quantile, error] : definition.quantiles) {
      view.quantiles.emplace_back(quantile, family.Quantile(row, quantile, now));
    }
  }
  return view;
}

}  // namespace

std::string MetricStore::ResolveFamily(std::string_view name) const {
  const auto found = names_.find(std::string(name));
  return found == names_.end() ? "" : found->second->family.definition().name;
}

const MetricDefinition* MetricStore::DefinitionOf(std::string_view name) const {
  const auto found = names_.find(std::string(name));
  return found == names_.end() ? nullptr : &found->second->family.definition();
}

std::optional<MetricView> MetricStore::Find(std::string_view name) const {
  const EntryPtr entry = EntryOf(name);
  return entry ? std::optional(ViewOf(entry->family)) : std::nullopt;
}

MetricPage MetricStore::List(std::string_view prefix, std::optional<MetricType> type,
                             std::string_view after, std::size_t limit) const {
  MetricPage page;
  auto at = after < prefix ? families_.lower_bound(prefix) : families_.upper_bound(after);
  for (; at != families_.end() && at->first.starts_with(prefix); ++at) {
    if (type && at->second->family.definition().type != *type) {
      continue;
    }
    if (page.metrics.size() == limit) {
      page.next = page.metrics.empty() ? std::string(after) : page.metrics.back().definition.name;
      break;
    }
    page.metrics.push_back(ViewOf(at->second->family));
  }
  return page;
}

base::Result<SeriesPage> MetricStore::Series(std::string_view name, std::string_view after,
                                             std::size_t limit, base::Instant now) const {
  const EntryPtr entry = EntryOf(name);
  if (!entry) {
    return NoMetric(name);
  }
  MetricFamily::Row row = 0;
  if (!after.empty()) {
    const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), row);
    if (error != std::errc() || end != after.data() + after.size() ||
        row == std::numeric_limits<MetricFamily::Row>::max()) {
      return base::Fail(base::ErrorCode::kInvalidArgument, "after is no cursor");
    }
    ++row;
  }
  SeriesPage page;
  MetricFamily::Row last = 0;
  for (; row < entry->family.series().end(); ++row) {
    if (!entry->family.series().IsUsed(row)) {
      continue;
    }
    if (page.series.size() == limit) {
      page.next = std::to_string(last);
      break;
    }
    page.series.push_back(ViewOf(entry->family, row, now));
    last = row;
  }
  return page;
}

}  // namespace promtally::exposition
