// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

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

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
