// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "promtally/base/result.h"

namespace promtally::web {

enum class Algorithm { kRs256, kPs256, kEs256, kEdDsa };

/// By its JOSE name, letter by letter; nullopt: one that is never taken (`none`, `HS256`, …).
[[nodiscard]] std::optional<Algorithm> ParseAlgorithm(std::string_view name);

/// A public key of the provider. It verifies with its one algorithm and no other. Immutable.
struct SigningKey {
  std::string id;
  Algorithm algorithm = Algorithm::kRs256;
  std::shared_ptr<EVP_PKEY> key;
};

/// The usable signing keys of a JWKS document, and why the others are none. Immutable; any thread.
struct KeySet {
  std::vector<SigningKey> keys;
  std::vector<std::string> skipped;  ///< one reason a key, for the log

  [[nodiscard]] const SigningKey* Find(std::string_view id) const;
};

/// Reads a JWKS. Unusable keys among good ones are skipped: other uses than `sig`, unknown types,
/// RSA below 2048 or above 8192 bits, points off the curve or of small order, no kid, a kid that
/// was there before. A key without `alg` gets the one that fits its type (RSA: RS256). kParse: it
/// is no JWKS at all.
[[nodiscard]] base::Result<KeySet> ParseKeySet(std::string_view json);

/// True when `signature` is the key's of `text`, in the form that JOSE gives it.
[[nodiscard]] bool IsSignedBy(const SigningKey& key, std::string_view text,
                              std::string_view signature);

}  // namespace promtally::web
