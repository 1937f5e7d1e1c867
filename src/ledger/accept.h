// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"
#include "promtally/metering/period.h"

namespace promtally::ledger {

/// Begins the detail of a failed (lost) period of which the server still has the later part.
inline constexpr std::string_view kPartlyLost = "the server's data begin later: lost from ";

/// An operator's word that the held periods of a range are closed as they are: suspiciously empty
/// and lost ones as empty at once, ones of low coverage, and those of which only a part is lost,
/// with the server's next answer.
struct AcceptRequest {
  std::string job;         ///< empty: the only job that has a spec of this name
  std::string name;        ///< the spec's
  metering::Period range;  ///< begins in [begin, end)
};

struct AcceptReport {
  int accepted = 0;
  /// Periods of the range that cannot be accepted, one line each ("2025-06-01T00:00:00Z is
  /// committed").
  std::vector<std::string> refused;
  int awaited = 0;  ///< of the accepted ones: committed with the next answer
};

/// Leaves a request beside a ledger that another process holds, durably and atomically. Returns its
/// path: the holder deletes the file when it has carried the request out, and writes `<path>.done`
/// with the outcome.
[[nodiscard]] base::Result<std::string> LeaveAcceptRequest(const std::string& ledger_path,
                                                           const AcceptRequest& request);

struct PendingAccept {
  std::string path;
  AcceptRequest request;
};
/// Requests that wait beside a ledger, oldest first; unreadable ones are skipped.
[[nodiscard]] std::vector<PendingAccept> PendingAcceptRequests(const std::string& ledger_path);

/// Answers a request with a report or an error, and removes it.
void FinishAcceptRequest(const PendingAccept& pending, const base::Result<AcceptReport>& outcome);

/// The answer to a request that was left, once it is there (and takes it away); nullopt before.
[[nodiscard]] std::optional<base::Result<AcceptReport>> TakeAcceptAnswer(
    const std::string& request_path);

/// Process id of the writer that holds the ledger, if any.
[[nodiscard]] std::optional<int> LedgerHolder(const std::string& ledger_path);

}  // namespace promtally::ledger
