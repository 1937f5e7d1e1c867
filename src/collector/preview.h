// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "collector/period_fetch.h"
#include "promtally/config/settings.h"

namespace promtally::collector {

/// Asks one source without a ledger, one period at a time: what a collection would get. Blocks its
/// caller; one thread.
class Preview {
 public:
  explicit Preview(const config::SourceSettings& settings);
  ~Preview();
  Preview(const Preview&) = delete;
  Preview& operator=(const Preview&) = delete;

  [[nodiscard]] FetchResult Fetch(FetchRequest request);
  /// One instant query, as it is.
  [[nodiscard]] source::QueryOutcome Query(std::string text, base::Instant time);
  [[nodiscard]] const source::ServerIdentity& server() const;
  /// True when the source gave any response.
  [[nodiscard]] bool reached() const;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace promtally::collector
