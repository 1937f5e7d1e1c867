// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "promtally/config/access_settings.h"
#include "web/fetch.h"
#include "web/key_set.h"

namespace promtally::web {

/// What the provider's documents say, fetched when it is needed: the endpoints of its discovery
/// document and its signing keys.
///
/// Keys are asked for again for a kid that is not among them (at most once in jwks_min_refresh, so
/// that invented kids cause no flood) and in the background when they are old; a fetched set
/// replaces the former one, so that a withdrawn key is gone. While the provider is silent the keys
/// stay, up to jwks_max_age; then nothing is believed any more. A discovery document of another
/// issuer, or one that names plain http outside this machine, is an error.
///
/// Threads: the loop's. Hold it by a shared_ptr: answers that come after its end are dropped.
class KeyStore : public std::enable_shared_from_this<KeyStore> {
 public:
  using Ticks = std::chrono::steady_clock::time_point;
  struct Hooks {
    Fetch fetch;
    std::function<Ticks()> ticks;
    std::function<void(const std::string&)> warn;  ///< of what an operator should know
    std::function<void()> count_fault = [] {};     ///< told of each fault of the provider
  };

  enum class Outcome { kFound, kUnknown, kSilent };
  using Found = std::function<void(Outcome, const SigningKey*)>;
  using Endpoint = std::function<void(const std::optional<std::string>&)>;

  KeyStore(const config::OidcSettings& settings, Hooks hooks);

  /// The key of that id; kUnknown: the provider has none, kSilent: that cannot be known now. May
  /// answer at once.
  void Find(const std::string& id, const Found& done);
  /// Where tokens are issued and permissions are asked for; nullopt: that cannot be known now.
  void FindTokenEndpoint(const Endpoint& done);
  /// Fetches the keys now, so that the first token need not wait.
  void Prefetch();

 private:
  struct Waiting {
    std::string id;
    Found done;
  };
  [[nodiscard]] bool HasUsableKeys(Ticks now) const;
  [[nodiscard]] bool MayAsk(const std::optional<Ticks>& last, std::chrono::milliseconds pause,
                            Ticks now) const;
  void StartRefresh(Ticks now);
  void Discover(const std::function<void(bool)>& done);
  [[nodiscard]] std::string TakeDiscovery(const Fetched& fetched);
  void FetchKeys();
  void TakeKeys(const Fetched& fetched);
  void FinishRefresh(bool succeeded);
  [[nodiscard]] bool IsTrustedUrl(const std::string& url) const;

  const config::OidcSettings settings_;
  const Hooks hooks_;
  std::optional<KeySet> keys_;
  Ticks fetched_;
  std::optional<Ticks> last_attempt_;
  std::optional<Ticks> last_unknown_;  // refresh for a kid that was not there
  std::optional<Ticks> last_discovery_;
  bool refreshing_ = false;
  std::string jwks_url_;
  std::string token_endpoint_;
  std::vector<Waiting> waiting_;
  std::vector<std::function<void(bool)>> discovering_;
};

}  // namespace promtally::web
