// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "promtally/base/time.h"
#include "promtally/config/access_settings.h"
#include "web/key_set.h"

namespace promtally::web {

/// A key of a provider of the tests' own, and the tokens that it signs.
class TokenSigner {
 public:
  TokenSigner(Algorithm algorithm, std::string id, unsigned rsa_bits = 2048);

  [[nodiscard]] const std::string& id() const { return id_; }
  /// `{"alg":"RS256","typ":"JWT","kid":"…"}`
  [[nodiscard]] std::string Header() const;
  /// The public key; `more` is put behind its first brace, and replaces nothing.
  [[nodiscard]] std::string Jwk(const std::string& more = "") const;
  /// The signature in the form that JOSE gives it.
  [[nodiscard]] std::string SignatureOf(const std::string& text) const;
  [[nodiscard]] std::string Sign(const std::string& header, const std::string& payload) const;
  [[nodiscard]] std::string Sign(const std::string& payload) const {
    return Sign(Header(), payload);
  }

 private:
  Algorithm algorithm_;
  std::string id_;
  std::shared_ptr<EVP_PKEY> key_;
};

/// Without padding.
[[nodiscard]] std::string Base64Url(std::string_view bytes);
[[nodiscard]] std::string Jwks(const std::string& keys);
[[nodiscard]] std::string_view NameOf(Algorithm algorithm);

/// When it is in the tests: 2026-01-01T00:00:00Z.
constexpr base::Instant kNow{base::Milliseconds(1'767'225'600'000)};

/// What good tokens of the tests are for.
[[nodiscard]] config::OidcSettings GoodSettings();

/// Claims of a good token as JSON texts by name; an empty text takes a claim out.
using Changes = std::map<std::string, std::string>;
[[nodiscard]] std::string GoodPayload(const Changes& changes = {});

}  // namespace promtally::web
