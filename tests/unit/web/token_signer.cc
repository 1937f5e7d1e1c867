// SPDX-License-Identifier: Apache-2.0
#include "unit/web/token_signer.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace promtally::web {
namespace {

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string NumberOf(EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1);
  std::string bytes(static_cast<std::size_t>(size > 0 ? size : BN_num_bytes(number)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(number);
  return bytes;
}

std::string PairOf(const std::string& der) {
  const unsigned char* at = Bytes(der);
  ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string bytes(64, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
  ECDSA_SIG_free(pair);
  return bytes;
}

EVP_PKEY* MakeKey(Algorithm algorithm, unsigned rsa_bits) {
  switch (algorithm) {
    case Algorithm::kEs256:
      return EVP_EC_gen("P-256");
    case Algorithm::kEdDsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    default:
      return EVP_RSA_gen(rsa_bits);
  }
}

}  // namespace

std::string_view NameOf(Algorithm algorithm) {
  constexpr std::array<std::string_view, 4> kNames{"RS256", "PS256", "ES256", "EdDSA"};
  return kNames.at(static_cast<std::size_t>(algorithm));
}

std::string Base64Url(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) {
      text += kAlphabet[(bits >> (count - 6)) & 63U];
    }
  }
  if (count > 0) {
    text += kAlphabet[(bits << (6 - count)) & 63U];
  }
  return text;
}

std::string Jwks(const std::string& keys) { return "{\"keys\":[" + keys + "]}"; }

TokenSigner::TokenSigner(Algorithm algorithm, std::string id, unsigned rsa_bits)
    : algorithm_(algorithm),
      id_(std::move(id)),
      key_(MakeKey(algorithm, rsa_bits), [](EVP_PKEY* each) { EVP_PKEY_free(each); }) {}

std::string TokenSigner::Header() const {
  return "{\"alg\":\"" + std::string(NameOf(algorithm_)) + R"(","typ":"JWT","kid":")" + id_ + "\"}";
}

std::string TokenSigner::Jwk(const std::string& more) const {
  const std::string head = "{" + more + "\"kid\":\"" + id_ + "\",\"use\":\"sig\",\"alg\":\"" +
                           std::string(NameOf(algorithm_)) + "\",";
  EVP_PKEY* const key = key_.get();
  if (algorithm_ == Algorithm::kEs256) {
    return head + R"("kty":"EC","crv":"P-256","x":")" +
           Base64Url(NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, 32)) + R"(","y":")" +
           Base64Url(NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)) + "\"}";
  }
  if (algorithm_ == Algorithm::kEdDsa) {
    std::string point(32, '\0');
    std::size_t size = point.size();
    EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(point.data()), &size);
    return head + R"("kty":"OKP","crv":"Ed25519","x":")" + Base64Url(point) + "\"}";
  }
  return head + R"("kty":"RSA","n":")" + Base64Url(NumberOf(key, OSSL_PKEY_PARAM_RSA_N)) +
         R"(","e":")" + Base64Url(NumberOf(key, OSSL_PKEY_PARAM_RSA_E)) + "\"}";
}

std::string TokenSigner::SignatureOf(const std::string& text) const {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context, &options, algorithm_ == Algorithm::kEdDsa ? nullptr : EVP_sha256(),
                     nullptr, key_.get());
  if (algorithm_ == Algorithm::kPs256) {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  std::string bytes(1024, '\0');
  std::size_t size = bytes.size();
  EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(bytes.data()), &size,
                           Bytes(text), text.size()),
            1);
  bytes.resize(size);
  EVP_MD_CTX_free(context);
  return algorithm_ == Algorithm::kEs256 ? PairOf(bytes) : bytes;
}

std::string TokenSigner::Sign(const std::string& header, const std::string& payload) const {
  const std::string text = Base64Url(header) + "." + Base64Url(payload);
  return text + "." + Base64Url(SignatureOf(text));
}

config::OidcSettings GoodSettings() {
  config::OidcSettings settings;
  settings.issuer = "https://id.example/realms/main";
  settings.audience = "promtally";
  return settings;
}

std::string GoodPayload(const Changes& changes) {
  Changes claims{{"iss", R"("https://id.example/realms/main")"},
                 {"aud", R"(["promtally","account"])"},
                 {"sub", R"("alice")"},
                 {"typ", R"("Bearer")"},
                 {"iat", "1767225590"},
                 {"exp", "1767225890"},
                 {"realm_access", R"({"roles":["metrics-writer","offline_access"]})"},
                 {"scope", R"("profile metrics.read")"}};
  for (const auto& [name, value] : changes) {
    claims[name] = value;
  }
  std::string text;
  for (const auto& [name, value] : claims) {
    if (!value.empty()) {
      text += (text.empty() ? "" : ",") + ("\"" + name + "\":" + value);
    }
  }
  return "{" + text + "}";
}

}  // namespace promtally::web
