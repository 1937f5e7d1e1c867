// SPDX-License-Identifier: Apache-2.0
#include "collector/catalogue_entry.h"

#include <utility>

#include "promtally/config/metrics_file.h"

namespace promtally::collector {

CatalogueSpec EntryOf(ledger::Spec row, base::Seconds length, std::vector<std::string>* warnings) {
  CatalogueSpec entry;
  // Of another length when the job's period was changed.
  entry.frontier = metering::AlignUp(row.first_period, length);
  for (const ledger::SpecVersion& version : row.versions) {
    auto spec = config::FromDefinition(version.definition);
    if (spec) {
      entry.versions[version.id] = std::make_shared<const metering::MetricSpec>(*std::move(spec));
    } else {
      warnings->push_back("\"" + row.name +
                          "\": a stored version cannot be read: " + spec.error().message);
    }
  }
  entry.stored = std::move(row);
  return entry;
}

base::Result<std::shared_ptr<const metering::ScopeFilter>> FilterOf(
    const config::JobSettings& settings) {
  auto filter = metering::ScopeFilter::Make(settings.include_scopes, settings.exclude_scopes);
  if (!filter) {
    return tl::unexpected(filter.error());
  }
  return std::make_shared<const metering::ScopeFilter>(*std::move(filter));
}

}  // namespace promtally::collector
