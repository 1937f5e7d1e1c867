// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

#include "web/base64.h"
#include "web/key_set.h"
#include "web/token.h"

namespace promtally::web {

/// The signature of nothing at all, in the key's length.
inline std::string ZeroSignature(const SigningKey& key) {
  constexpr std::size_t kPair = 64;
  const bool is_rsa = key.algorithm == Algorithm::kRs256 || key.algorithm == Algorithm::kPs256;
  return std::string(is_rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get())) : kPair,
                     '\0');
}

/// What holds for any bytes as a JWKS: each key has a name of its own, the type of its algorithm
/// and a safe size, and no signature of zeros is good.
inline std::string BrokenPropertyOfKeySet(std::string_view bytes) {
  const auto set = ParseKeySet(bytes);
  if (!set) {
    return set.error().message.empty() ? "a JWKS is refused without a word" : "";
  }
  std::set<std::string> names;
  for (const SigningKey& key : set->keys) {
    const int wanted = key.algorithm == Algorithm::kEs256   ? EVP_PKEY_EC
                       : key.algorithm == Algorithm::kEdDsa ? EVP_PKEY_ED25519
                                                            : EVP_PKEY_RSA;
    if (key.id.empty() || !names.insert(key.id).second || key.key == nullptr) {
      return "a key without a name of its own";
    }
    if (EVP_PKEY_get_base_id(key.key.get()) != wanted || EVP_PKEY_get_bits(key.key.get()) < 253) {
      return "a key that does not fit its algorithm";
    }
    if (IsSignedBy(key, "text", ZeroSignature(key)) || IsSignedBy(key, "text", "")) {
      return "nothing is a signature";
    }
  }
  return "";
}

/// What holds for any bytes as a bearer token: what is taken is canonical, so that the bytes that
/// were signed are those that came, and a refusal does not quote it.
inline std::string BrokenPropertyOfToken(std::string_view bytes) {
  constexpr std::size_t kMostBytes = 8192;
  constexpr std::size_t kQuotable = 12;  // shorter ones may be words of the message
  config::OidcSettings settings;
  settings.issuer = "https://id.example";
  settings.audience = "promtally";
  const auto token = ParseToken(bytes, settings);
  if (!token) {
    const std::string& said = token.error().message;
    return said.empty() || (bytes.size() > kQuotable && said.find(bytes) != std::string::npos)
               ? "a refusal is empty or quotes the token"
               : "";
  }
  const std::size_t dot = bytes.rfind('.');
  if (bytes.size() > kMostBytes || dot == std::string_view::npos ||
      token->signed_text != bytes.substr(0, dot) ||
      DecodeBase64Url(bytes.substr(dot + 1)) != token->signature || token->key_id.empty()) {
    return "taken apart wrongly";
  }
  const base::Instant now = base::FromUnixSeconds(1767225600);
  const auto claims = CheckClaims(*token, settings, now);
  return claims && claims->expires + settings.leeway <= now ? "a token that is over is taken" : "";
}

/// Three lines as header, payload and signature of a token.
inline std::string TokenOfLines(std::string_view lines) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string token;
  unsigned bits = 0;
  unsigned count = 0;
  int dots = 0;
  const auto flush = [&] {
    if (count > 0) {
      token += kAlphabet[(bits << (6 - count)) & 63U];
    }
    bits = count = 0;
  };
  for (const char c : lines) {
    if (c == '\n' && dots < 2) {
      flush();
      token += '.';
      ++dots;
      continue;
    }
    bits = ((bits & 63U) << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) {
      token += kAlphabet[(bits >> (count - 6)) & 63U];
    }
  }
  flush();
  return token;
}

/// The bytes as a token, as the parts of one, and as a JWKS. Empty, or what does not hold.
inline std::string BrokenPropertyOfTokenOrKeySet(std::string_view bytes) {
  for (const std::string& broken :
       {BrokenPropertyOfToken(bytes), BrokenPropertyOfToken(TokenOfLines(bytes)),
        BrokenPropertyOfKeySet(bytes)}) {
    if (!broken.empty()) {
      return broken;
    }
  }
  return "";
}

}  // namespace promtally::web
