// SPDX-License-Identifier: Apache-2.0
#include "web/key_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "web/base64.h"
#include "web/strict_json.h"

namespace promtally::web {
namespace {

constexpr std::size_t kMostKeys = 100;
constexpr std::size_t kMostBytes = 256 * 1024;
constexpr std::size_t kDepth = 8;
constexpr std::size_t kMostIdBytes = 256;
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;  // a verification takes longer with the square of it
constexpr std::size_t kCoordinateBytes = 32;

struct ParamsFree {
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename Thing>
using Owned = std::unique_ptr<Thing, ParamsFree>;
using Key = std::shared_ptr<EVP_PKEY>;

Key Own(EVP_PKEY* key) {
  return {key, [](EVP_PKEY* each) { EVP_PKEY_free(each); }};
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Key FromParams(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return Own(key);
}

std::optional<std::string> Member(const JsonValue& jwk, std::string_view name) {
  const std::string* const text = jwk.FindText(name);
  return text == nullptr ? std::nullopt : DecodeBase64Url(*text);
}

Key RsaKey(const JsonValue& jwk) {
  const auto n = Member(jwk, "n");
  const auto e = Member(jwk, "e");
  constexpr std::size_t kMostExponentBytes = 8;
  if (!n || !e || e->size() > kMostExponentBytes || n->size() * 8 > kMostRsaBits + 8) {
    return nullptr;
  }
  const Owned<BIGNUM> modulus(BN_bin2bn(Bytes(*n), static_cast<int>(n->size()), nullptr));
  const Owned<BIGNUM> exponent(BN_bin2bn(Bytes(*e), static_cast<int>(e->size()), nullptr));
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder || BN_is_odd(exponent.get()) == 0 ||
      BN_is_one(exponent.get()) == 1 || BN_is_odd(modulus.get()) == 0 ||
      BN_num_bits(modulus.get()) < kLeastRsaBits || BN_num_bits(modulus.get()) > kMostRsaBits ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return FromParams("RSA", builder.get());
}

Key EcKey(const JsonValue& jwk) {
  const auto x = Member(jwk, "x");
  const auto y = Member(jwk, "y");
  const std::string* const curve = jwk.FindText("crv");
  if (curve == nullptr || *curve != "P-256" || !x || !y || x->size() != kCoordinateBytes ||
      y->size() != kCoordinateBytes) {
    return nullptr;
  }
  const std::string point = "\x04" + *x + *y;
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  Key key = FromParams("EC", builder.get());
  const Owned<EVP_PKEY_CTX> check(key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr);
  return check && EVP_PKEY_public_check(check.get()) == 1 ? key : nullptr;
}

/// Points of an order of at most 8, in each encoding that OpenSSL reads: under such a key anybody
/// can sign anything. The sign bit does not count.
bool HasSmallOrder(std::string point) {
  constexpr unsigned kLast = kCoordinateBytes - 1;
  const std::string low(kLast - 1, '\xFF');
  static const std::array<std::string, 7> kSmall{
      std::string(kCoordinateBytes, '\0'),               // y = 0
      "\x01" + std::string(kCoordinateBytes - 1, '\0'),  // y = 1
      "\xEC" + low + "\x7F",                             // y = p - 1
      "\xED" + low + "\x7F",                             // y = p
      "\xEE" + low + "\x7F",                             // y = p + 1
      "\x26\xE8\x95\x8F\xC2\xB2\x27\xB0\x45\xC3\xF4\x89\xF2\xEF\x98\xF0"
      "\xD5\xDF\xAC\x05\xD3\xC6\x33\x39\xB1\x38\x02\x88\x6D\x53\xFC\x05",
      "\xC7\x17\x6A\x70\x3D\x4D\xD8\x4F\xBA\x3C\x0B\x76\x0D\x10\x67\x0F"
      "\x2A\x20\x53\xFA\x2C\x39\xCC\xC6\x4E\xC7\xFD\x77\x92\xAC\x03\x7A"};
  point.back() = static_cast<char>(static_cast<unsigned char>(point.back()) & 0x7FU);
  return std::find(kSmall.begin(), kSmall.end(), point) != kSmall.end();
}

Key EdKey(const JsonValue& jwk) {
  const auto x = Member(jwk, "x");
  const std::string* const curve = jwk.FindText("crv");
  if (curve == nullptr || *curve != "Ed25519" || !x || x->size() != kCoordinateBytes ||
      HasSmallOrder(*x)) {
    return nullptr;
  }
  return Own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(*x), x->size()));
}

bool IsForSignatures(const JsonValue& jwk) {
  const JsonValue* const use = jwk.Find("use");
  const JsonValue* const operations = jwk.Find("key_ops");
  if (use != nullptr && (use->kind != JsonValue::Kind::kText || use->text != "sig")) {
    return false;
  }
  return operations == nullptr ||
         (operations->kind == JsonValue::Kind::kList &&
          std::any_of(operations->items.begin(), operations->items.end(),
                      [](const JsonValue& each) { return each.text == "verify"; }));
}

base::Result<SigningKey> ReadKey(const JsonValue& jwk) {
  const std::string* const id = jwk.FindText("kid");
  const std::string* const type = jwk.FindText("kty");
  const auto unusable = [&](const std::string& why) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      (id == nullptr ? std::string("a key") : "key \"" + *id + "\"") + ": " + why);
  };
  if (id == nullptr || id->empty() || id->size() > kMostIdBytes) {
    return unusable("no usable kid");
  }
  if (type == nullptr || !IsForSignatures(jwk)) {
    return unusable("not for signatures");
  }
  SigningKey key;
  key.id = *id;
  const bool is_rsa = *type == "RSA";
  const bool is_ec = *type == "EC";
  if (!is_rsa && !is_ec && *type != "OKP") {
    return unusable("unknown type");
  }
  key.algorithm = is_rsa ? Algorithm::kRs256 : is_ec ? Algorithm::kEs256 : Algorithm::kEdDsa;
  if (const JsonValue* const name = jwk.Find("alg"); name != nullptr) {
    const auto stated = ParseAlgorithm(name->text);
    const bool fits =
        stated && (*stated == key.algorithm || (is_rsa && *stated == Algorithm::kPs256));
    if (!fits) {
      return unusable("an algorithm that is not taken, or not one of its type");
    }
    key.algorithm = *stated;
  }
  key.key = is_rsa ? RsaKey(jwk) : is_ec ? EcKey(jwk) : EdKey(jwk);
  return key.key ? base::Result<SigningKey>(std::move(key)) : unusable("unusable numbers");
}

}  // namespace

std::optional<Algorithm> ParseAlgorithm(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Algorithm>, 4> kNames{{
      {"RS256", Algorithm::kRs256},
      {"PS256", Algorithm::kPs256},
      {"ES256", Algorithm::kEs256},
      {"EdDSA", Algorithm::kEdDsa},
  }};
  for (const auto& [known, algorithm] : kNames) {
    if (known == name) {
      return algorithm;
    }
  }
  return std::nullopt;
}

const SigningKey* KeySet::Find(std::string_view id) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [id](const SigningKey& key) { return key.id == id; });
  return found == keys.end() ? nullptr : &*found;
}

base::Result<KeySet> ParseKeySet(std::string_view json) {
  const auto fail = [] {
    return base::Fail(base::ErrorCode::kParse, "the answer is no JWKS with a list of keys");
  };
  if (json.size() > kMostBytes) {
    return fail();
  }
  const auto document = ParseStrictJson(json, kDepth);
  const JsonValue* const list = document ? document->Find("keys") : nullptr;
  if (list == nullptr || list->kind != JsonValue::Kind::kList) {
    return fail();
  }
  KeySet set;
  for (const JsonValue& jwk : list->items) {
    auto key = ReadKey(jwk);
    if (!key) {
      set.skipped.push_back(key.error().message);
    } else if (set.Find(key->id) != nullptr) {
      set.skipped.push_back("key \"" + key->id + "\": its kid was there before");
    } else if (set.keys.size() < kMostKeys) {
      set.keys.push_back(*std::move(key));
    }
  }
  return set;
}

}  // namespace promtally::web
