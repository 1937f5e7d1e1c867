// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "ledger/sqlite_ledger.h"

namespace promtally::collector {

/// The one thread that touches the ledger: it converts and commits while the next answers arrive.
/// Work runs in the order in which it was posted. Destruction finishes what was posted, then joins.
class LedgerThread {
 public:
  explicit LedgerThread(std::unique_ptr<ledger::WritableLedger> ledger);
  ~LedgerThread();
  LedgerThread(const LedgerThread&) = delete;
  LedgerThread& operator=(const LedgerThread&) = delete;

  /// Any thread. `work` runs on the ledger thread and posts its result back itself; it must not
  /// throw.
  void Post(std::function<void(ledger::WritableLedger&)> work);

 private:
  std::unique_ptr<ledger::WritableLedger> ledger_;
  boost::asio::io_context queue_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

}  // namespace promtally::collector
