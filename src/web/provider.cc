// SPDX-License-Identifier: Apache-2.0
#include "web/provider.h"

#include <utility>

namespace promtally::web {

Provider::Provider(const config::OidcSettings& settings, Options options)
    : settings_(settings),
      clock_(std::move(options.clock)),
      store_(std::make_shared<KeyStore>(settings, options.hooks)),
      permissions_(std::make_shared<Permissions>(settings, store_, options.hooks)) {}

void Provider::Verify(const std::string& token,
                      const std::function<void(const TokenVerdict&)>& done) {
  TokenVerdict verdict;
  const auto parsed = ParseToken(token, settings_);
  auto claims = parsed ? CheckClaims(*parsed, settings_, clock_())
                       : base::Result<Claims>(tl::unexpected(parsed.error()));
  if (!claims) {
    done(verdict);
    return;
  }
  verdict.claims = *std::move(claims);
  store_->Find(parsed->key_id, [parsed = *parsed, verdict, done](KeyStore::Outcome outcome,
                                                                 const SigningKey* key) mutable {
    if (outcome == KeyStore::Outcome::kSilent) {
      verdict.outcome = TokenOutcome::kSilent;
    } else if (outcome == KeyStore::Outcome::kFound && HasGoodSignature(parsed, *key)) {
      verdict.outcome = TokenOutcome::kGood;
    }
    done(verdict);
  });
}

void Provider::AskPermission(const std::string& token, const Claims& claims,
                             config::AccessGroup group,
                             const std::function<void(TokenOutcome)>& done) {
  permissions_->Ask(token, claims, group, clock_(), done);
}

}  // namespace promtally::web
