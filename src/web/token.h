// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/config/access_settings.h"
#include "web/key_set.h"
#include "web/strict_json.h"

namespace promtally::web {

/// A bearer token that was taken apart, and is not believed yet.
struct Token {
  Algorithm algorithm = Algorithm::kRs256;
  std::string key_id;
  std::string signed_text;  ///< header and payload as they came
  std::string signature;
  JsonValue payload;
};

/// What a believed token says.
struct Claims {
  std::string subject;  ///< sub, else client_id or azp; may be empty
  std::vector<std::string> roles;
  std::vector<std::string> scope_words;                  ///< of `scope`
  std::optional<std::vector<std::string>> usage_scopes;  ///< of scopes_claim; absent: all
  base::Instant expires;
};

/// Takes a JWS in compact form apart and checks all that needs no key: at most 8 KiB, three parts
/// in strict base64url, strict JSON, an allowed algorithm, a kid, a known `typ`, and nothing in the
/// header that would have to be obeyed or could name a key (crit, zip, b64, jku, x5u, jwk). kParse
/// otherwise; the message never quotes the token. Any thread.
[[nodiscard]] base::Result<Token> ParseToken(std::string_view text,
                                             const config::OidcSettings& settings);

/// Checks what the payload says: kind, issuer, audience and times (RFC 8725), and takes out who it
/// is. kRejected otherwise. Worth nothing without HasGoodSignature. Any thread.
[[nodiscard]] base::Result<Claims> CheckClaims(const Token& token,
                                               const config::OidcSettings& settings,
                                               base::Instant now);

/// True when `key` signed it with the algorithm of both. Any thread.
[[nodiscard]] bool HasGoodSignature(const Token& token, const SigningKey& key);

}  // namespace promtally::web
