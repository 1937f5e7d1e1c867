// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "promtally/base/time.h"
#include "promtally/config/access_settings.h"
#include "web/fetch.h"
#include "web/key_store.h"
#include "web/token.h"

namespace promtally::web {

enum class TokenOutcome {
  kGood,
  kBad,        ///< the token is not taken
  kForbidden,  ///< it is, and may not do this
  kSilent,     ///< the provider gave no usable answer
};

/// What Keycloak's permission request (UMA 2.0) answers for a caller's
/// token. It is always asked for the list of permissions, never for a decision: that one is an "or"
/// over everything that was named. A list is kept for `cache`, at most as long as its token lives;
/// refusals are asked again.
///
/// Threads: the loop's. Hold it by a shared_ptr.
class Permissions : public std::enable_shared_from_this<Permissions> {
 public:
  using Done = std::function<void(TokenOutcome)>;

  Permissions(const config::OidcSettings& settings, std::shared_ptr<KeyStore> store,
              KeyStore::Hooks hooks);

  /// Only for tokens that were verified. May answer at once.
  void Ask(const std::string& token, const Claims& claims, config::AccessGroup group,
           base::Instant now, const Done& done);

 private:
  struct Granted {
    std::string resource_id;
    std::string resource_name;
    std::vector<std::string> scopes;
  };
  using List = std::vector<Granted>;
  struct Answer {
    TokenOutcome outcome = TokenOutcome::kSilent;
    List granted;
  };
  struct Kept {
    KeyStore::Ticks until;
    List granted;
  };
  using Waiting = std::vector<std::function<void(const Answer&)>>;

  [[nodiscard]] static Answer Judge(const Fetched& fetched, std::string* problem);
  [[nodiscard]] static std::optional<List> ReadList(const std::string& body);
  [[nodiscard]] bool Grants(const List& granted, config::AccessGroup group) const;
  void Send(const std::string& key, const std::string& token, const std::string& endpoint,
            std::chrono::milliseconds life);
  void Finish(const std::string& key, const Answer& answer, std::chrono::milliseconds life);
  void Warn(const std::string& problem);

  const config::OidcSettings settings_;
  const std::shared_ptr<KeyStore> store_;
  const KeyStore::Hooks hooks_;
  std::unordered_map<std::string, Kept> kept_;       // by the hash of the token
  std::unordered_map<std::string, Waiting> asking_;  // likewise
  std::optional<KeyStore::Ticks> last_warning_;
};

}  // namespace promtally::web
