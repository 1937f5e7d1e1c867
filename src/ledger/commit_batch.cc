// SPDX-License-Identifier: Apache-2.0
#include "ledger/commit_batch.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace promtally::ledger {
namespace {

/// The first eight bytes as a number that sorts as they do.
std::uint64_t PrefixOf(const base::Digest& hash) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < sizeof prefix; ++i) {
    prefix = prefix << 8U | hash[i];
  }
  return prefix;
}

}  // namespace

CommitBatch::CommitBatch(const PeriodCommit& commit) {
  const std::vector<metering::UsageRow>& usage = commit.result->rows;
  rows_.reserve(usage.size());
  for (const metering::UsageRow& row : usage) {
    const auto begin = static_cast<std::uint32_t>(texts_.size());
    AppendText(row.quantity, commit.context->rounding);
    rows_.push_back(
        {&row, PrefixOf(row.hash), 0, begin, static_cast<std::uint32_t>(texts_.size() - begin), 0});
    (row.quantity.Sign() < 0 ? negative_ : positive_).Add(row.quantity);
  }
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : a.usage->hash < b.usage->hash;
  });
}

void CommitBatch::AppendText(const base::Decimal& quantity, metering::RoundingMode rounding) {
  // Most quantities are whole numbers; under `cloudkitty` they may carry zeros behind the point.
  const auto whole = rounding == metering::RoundingMode::kExact ? quantity.ToInt64() : std::nullopt;
  if (!whole) {
    texts_ += metering::ToText(quantity, rounding);
    return;
  }
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *whole).ptr;
  texts_.append(digits.data(), end);
}

bool CommitBatch::HasDuplicates() const {
  return std::adjacent_find(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
           return a.usage->hash == b.usage->hash;
         }) != rows_.end();
}

std::vector<const metering::UsageRow*> CommitBatch::Unknown(const SeriesList& known) const {
  std::vector<const metering::UsageRow*> unknown;
  auto entry = known.begin();
  for (const Row& row : rows_) {
    while (entry != known.end() && entry->hash < row.usage->hash) {
      ++entry;
    }
    if (entry == known.end() || entry->hash != row.usage->hash) {
      unknown.push_back(row.usage);
    }
  }
  return unknown;
}

void CommitBatch::Match(const SeriesList& known) {
  std::size_t entry = 0;
  for (Row& row : rows_) {
    while (known[entry].hash < row.usage->hash) {
      ++entry;
    }
    row.entry = entry;
    row.series_id = known[entry].id;
  }
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.series_id < b.series_id; });
}

void CommitBatch::FeedDigest(PeriodDigest& digest) const {
  for (const Row& row : rows_) {
    digest.AddRecord(row.usage->hash, text(row));
  }
}

}  // namespace promtally::ledger
