// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/export_definition.h"
#include "exposition/piece_reader.h"
#include "exposition/usage_reader.h"
#include "promtally/base/decimal.h"
#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/metering/period.h"

namespace promtally::exposition {

/// What the ledger knows of one series of a spec.
struct UsageSeries {
  base::LabelSet labels;                ///< all configured ones: groupby, scope key, metadata
  base::Decimal positive;               ///< >= 0
  base::Decimal negative;               ///< <= 0
  base::Instant created;                ///< begin of its first period
  std::optional<base::Decimal> newest;  ///< quantity in the newest answered period
  base::Decimal correction{};           ///< signed sum of what later revisions changed
};

/// The state of a spec's usage after a period was answered.
struct UsageFamily {
  ExportDefinition definition;
  std::optional<metering::Period> newest_answered;  ///< committed or empty, by begin
  std::vector<UsageSeries> series;
  bool too_many = false;  ///< more series than export.max_series: none is exported
};

using PagePieces = std::vector<PagePiece>;

/// The usage part of a page as it was when its reading began.
struct UsageReading {
  std::unique_ptr<PieceReader> reader;
  std::vector<std::string> names;  ///< of all its families, whether they were asked for or not
};

/// The usage part of /metrics.
///
/// Model: a spec is rendered when a period of it was answered, never at a scrape; a scrape takes
/// pointers to what is there. Series that differ in metadata only are added up (as Decimals) to one
/// with the groupby labels and `promtally_job`; values are printed as the nearest doubles. Each
/// family has its HELP and TYPE once; specs of two jobs share a family where MayShare allows it,
/// and then HELP says what each of them would say. Besides the families of FamiliesOf there are
/// `promtally_spec_info` (period as `1h`, an absent scope key as an empty text) and, unless the
/// type is none, `promtally_period_end_timestamp_seconds`.
///
/// Threads: any; rendering happens outside the lock.
class UsagePage {
 public:
  explicit UsagePage(std::string prefix);

  /// Replaces what the page says of the spec (job, name). kConflict: a family of that name is
  /// another's (CollidingExports tells it beforehand); the spec is then not on the page at all.
  [[nodiscard]] base::Status Update(const UsageFamily& usage);

  /// Empties the page; names begin with `prefix` from now on.
  void Reset(std::string prefix);

  /// Takes a spec off the page; unknown ones are ignored.
  void Remove(std::string_view job, std::string_view name);

  /// The page as it is now, as text 0.0.4: whole lines, HELP and TYPE before their samples,
  /// families by name.
  [[nodiscard]] PagePieces Snapshot() const;

  /// The same in any style, piece by piece; the samples are not copied until they are read.
  [[nodiscard]] UsageReading Read(const PageStyle& style, const NameFilter& filter) const;

  /// Whether a family of that name is on the page.
  [[nodiscard]] bool Has(std::string_view name) const;

 private:
  using SpecKey = UsageBlock::Owner;

  struct Part {  // what one spec has in a family
    std::shared_ptr<const ExportDefinition> definition;
    std::string help;
    PagePiece samples;
  };
  struct Family {
    std::optional<ExportRole> role;  // nullopt: a family that all specs share
    FamilyType type = FamilyType::kGauge;
    std::map<SpecKey, Part> parts;
    PagePiece head;  // HELP and TYPE; null until it is needed
  };
  struct RenderedFamily {
    std::string name;
    std::optional<ExportRole> role;
    FamilyType type = FamilyType::kGauge;
    Part part;
  };

  [[nodiscard]] std::vector<RenderedFamily> Render(const UsageFamily& usage,
                                                   const std::string& prefix) const;
  [[nodiscard]] base::Status Admit(const SpecKey& key,
                                   const std::vector<RenderedFamily>& rendered) const;
  [[nodiscard]] static std::string HelpOf(const Family& family);
  void Erase(const SpecKey& key);
  void Rebuild();

  mutable std::mutex mutex_;
  // Below: guarded by mutex_.
  std::string prefix_;
  std::map<std::string, Family, std::less<>> families_;
  std::shared_ptr<const PagePieces> pieces_;
};

}  // namespace promtally::exposition
