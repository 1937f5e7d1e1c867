// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exposition/metric_store.h"

namespace promtally::exposition {

/// What a store keeps of a metric besides its series. Readers share it, so that it may be removed
/// while a page is written.
struct MetricStore::Entry {
  Entry(std::uint64_t id_of, std::string alias_of, MetricDefinition definition,
        base::Instant created, std::uint32_t epoch, std::shared_ptr<TextArena> texts)
      : id(id_of),
        alias(std::move(alias_of)),
        family(std::move(definition), created, epoch, std::move(texts)) {}

  const std::uint64_t id;
  const std::string alias;  // the name it was created by, where the unit was added to it
  MetricFamily family;
  bool removed = false;
  bool in_copy = false;  // the copy that is being written has its definition
};

/// kNotFound, for people.
[[nodiscard]] inline tl::unexpected<base::Error> NoMetric(std::string_view name) {
  return base::Fail(base::ErrorCode::kNotFound, base::IsUtf8(name)
                                                    ? "there is no metric " + InQuotes(name)
                                                    : "there is no such metric");
}

/// How far a copy of the journal is.
struct MetricStore::Copy {
  std::vector<EntryPtr> entries;  // those that were there when it began
  std::size_t at = 0;
  MetricFamily::Row row = 0;  // of entries[at]
  bool sealed = false;
};

}  // namespace promtally::exposition
