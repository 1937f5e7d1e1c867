// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"
#include "promtally/metering/usage_record.h"

namespace promtally::ledger {

/// Puts together what proves a record: its query, the server, the definition that held, and what
/// exact usage counted.
class EvidenceReader {
 public:
  explicit EvidenceReader(Connection& db) : db_(db) {}
  [[nodiscard]] metering::RecordEvidence Read(std::int64_t period_id, std::int64_t series_id,
                                              std::int64_t revision, std::int64_t query_id,
                                              const SpecVersion& version);

 private:
  /// What all records of a version share.
  struct Definition {
    std::optional<std::string> first_sample;
    std::optional<std::string> gap;
    std::string config_hash;
  };
  const Definition& DefinitionOf(const SpecVersion& version);

  Connection& db_;
  std::map<std::int64_t, Definition> definitions_;  // by version id
};

}  // namespace promtally::ledger
