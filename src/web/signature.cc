// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "web/key_set.h"

namespace promtally::web {
namespace {

constexpr std::size_t kHalf = 32;  // of an ES256 signature

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// r || s as DER, which OpenSSL wants; empty: not 64 bytes, or one of them is zero.
std::string DerOf(std::string_view signature) {
  struct Free {
    void operator()(ECDSA_SIG* pair) const { ECDSA_SIG_free(pair); }
  };
  if (signature.size() != 2 * kHalf) {
    return {};
  }
  const std::unique_ptr<ECDSA_SIG, Free> pair(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(Bytes(signature), kHalf, nullptr);
  BIGNUM* const s = BN_bin2bn(Bytes(signature) + kHalf, kHalf, nullptr);
  if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  if (BN_is_zero(r) == 1 || BN_is_zero(s) == 1) {
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) {
    return {};
  }
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace

bool IsSignedBy(const SigningKey& key, std::string_view text, std::string_view signature) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const EVP_MD* const digest = key.algorithm == Algorithm::kEdDsa ? nullptr : EVP_sha256();
  EVP_PKEY_CTX* options = nullptr;  // the context's
  if (!context ||
      EVP_DigestVerifyInit(context.get(), &options, digest, nullptr, key.key.get()) != 1) {
    return false;
  }
  std::string der;
  if (key.algorithm == Algorithm::kEs256) {
    der = DerOf(signature);
    signature = der;
  } else if (key.algorithm == Algorithm::kPs256) {
    if (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1) {
      return false;
    }
  }
  return !signature.empty() && EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                                                Bytes(text), text.size()) == 1;
}

}  // namespace promtally::web
