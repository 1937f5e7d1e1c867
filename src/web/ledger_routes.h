// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ledger/reader.h"
#include "promtally/base/time.h"
#include "web/router.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// `/api/v1/usage` and `/api/v1/periods`: the ledger as JSON or CSV, page by page. What is read is
/// read on a thread of its own, beside the writer; answers come later. A token that reads some
/// scopes only gets the usage of these.
class LedgerRoutes {
 public:
  LedgerRoutes(boost::asio::io_context& loop, std::string ledger_path,
               std::function<base::Instant()> clock);
  /// Waits for what is being read.
  ~LedgerRoutes();
  LedgerRoutes(const LedgerRoutes&) = delete;
  LedgerRoutes& operator=(const LedgerRoutes&) = delete;

  [[nodiscard]] Response Usage(const Call& call);
  [[nodiscard]] Response Periods(const Call& call);
  /// What `make` makes of the state of all specs, on the reading thread; of none where the ledger
  /// cannot be read.
  [[nodiscard]] Response Statuses(
      std::function<Response(const std::vector<ledger::SpecStatus>&)> make);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
