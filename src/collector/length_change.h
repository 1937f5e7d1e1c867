// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace promtally::collector {

/// A job's period that was changed.
struct LengthChange {
  std::string job;
  base::Seconds before;
  base::Seconds after;
};

/// After another period was accepted, some time lies in no period of the new length: beside rows of
/// the old one, and before the spec's first new period. Where it is whole periods of the old length
/// they are left `open (pending)`, to be collected as such; other time is lost, and warned about
/// (verify calls it a gap). In the transaction of the change. Ledger thread.
[[nodiscard]] base::Status KeepTimeBetween(ledger::Ledger& ledger, const LengthChange& change,
                                           const ledger::Spec& spec,
                                           std::vector<std::string>* warnings);

}  // namespace promtally::collector
