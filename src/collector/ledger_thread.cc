// SPDX-License-Identifier: Apache-2.0
#include "collector/ledger_thread.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace promtally::collector {

LedgerThread::LedgerThread(std::unique_ptr<ledger::WritableLedger> ledger)
    : ledger_(std::move(ledger)),
      guard_(queue_.get_executor()),
      thread_([this] { queue_.run(); }) {}

LedgerThread::~LedgerThread() {
  guard_.reset();
  thread_.join();
}

void LedgerThread::Post(std::function<void(ledger::WritableLedger&)> work) {
  boost::asio::post(queue_, [this, work = std::move(work)] { work(*ledger_); });
}

}  // namespace promtally::collector
