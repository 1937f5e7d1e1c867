// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "promtally/base/time.h"
#include "promtally/config/access_settings.h"
#include "web/key_store.h"
#include "web/permissions.h"
#include "web/token.h"

namespace promtally::web {

struct TokenVerdict {
  TokenOutcome outcome = TokenOutcome::kBad;
  Claims claims;  ///< with kGood
};

/// The configured issuer of bearer tokens. Threads: the loop's. Answers that come after its end are
/// dropped.
class Provider {
 public:
  struct Options {
    KeyStore::Hooks hooks;
    std::function<base::Instant()> clock;  ///< UTC, for the times in tokens
  };

  Provider(const config::OidcSettings& settings, Options options);

  /// Whether the token is the issuer's, for us and in force. Tokens that are wrong without a look
  /// at their signature never cause a request. May answer at once.
  void Verify(const std::string& token, const std::function<void(const TokenVerdict&)>& done);

  /// What the provider says about a verified token; see Permissions.
  void AskPermission(const std::string& token, const Claims& claims, config::AccessGroup group,
                     const std::function<void(TokenOutcome)>& done);

  /// Fetches the keys before the first token comes.
  void Prefetch() { store_->Prefetch(); }

 private:
  const config::OidcSettings settings_;
  const std::function<base::Instant()> clock_;
  const std::shared_ptr<KeyStore> store_;
  const std::shared_ptr<Permissions> permissions_;
};

}  // namespace promtally::web
