// SPDX-License-Identifier: Apache-2.0
#include "web/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/token_signer.h"

namespace promtally::web {
namespace {

std::size_t CountOf(const std::string& keys) {
  const auto set = ParseKeySet(Jwks(keys));
  EXPECT_TRUE(set);
  return set ? set->keys.size() : 0;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(KeySet, SkipsUnusableKeysAndKeepsTheOthers) {
  const TokenSigner rsa(Algorithm::kRs256, "rsa");
  const TokenSigner small(Algorithm::kRs256, "small", 1024);
  const TokenSigner ec(Algorithm::kEs256, "ec");
  const TokenSigner ed(Algorithm::kEdDsa, "ed");
  const std::string off_curve = R"({"kid":"off","kty":"EC","crv":"P-256","x":")" +
                                Base64Url(std::string(32, '\x01')) + R"(","y":")" +
                                Base64Url(std::string(32, '\x02')) + "\"}";
  const std::string keys =
      R"({"kid":"enc","kty":"RSA","use":"enc","alg":"RSA-OAEP","n":"AQ","e":"AQAB"},)" +
      small.Jwk() + "," + rsa.Jwk() +
      R"(,{"kid":"hmac","kty":"oct","k":"c2VjcmV0","alg":"HS256"},)" + off_curve + "," + ec.Jwk() +
      R"(,7,"x",null,[],{},)" + Replaced(ec.Jwk(), R"("kid":"ec",)", "") + "," +
      Replaced(ed.Jwk(), R"("use":"sig")", R"("use":"enc")") + "," +
      Replaced(ed.Jwk(), R"("use":"sig")", R"("key_ops":["sign"])") + "," + ed.Jwk();
  const auto set = ParseKeySet(Jwks(keys));
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 3U);
  EXPECT_EQ(set->Find("rsa")->algorithm, Algorithm::kRs256);
  EXPECT_EQ(set->Find("ec")->algorithm, Algorithm::kEs256);
  EXPECT_EQ(set->Find("ed")->algorithm, Algorithm::kEdDsa);
  EXPECT_EQ(set->Find("enc"), nullptr);
  EXPECT_EQ(set->skipped.size(), 12U);
}

TEST(KeySet, GivesEachKeyOneAlgorithm) {
  const TokenSigner rsa(Algorithm::kRs256, "rsa");
  const TokenSigner ec(Algorithm::kEs256, "ec");
  const auto algorithm = [](const std::string& jwk) {
    return ParseKeySet(Jwks(jwk))->keys.at(0).algorithm;
  };
  EXPECT_EQ(algorithm(Replaced(rsa.Jwk(), R"("alg":"RS256",)", "")), Algorithm::kRs256);
  EXPECT_EQ(algorithm(Replaced(rsa.Jwk(), "RS256", "PS256")), Algorithm::kPs256);
  EXPECT_EQ(algorithm(Replaced(ec.Jwk(), R"("alg":"ES256",)", "")), Algorithm::kEs256);
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), "RS256", "ES256")), 0U);
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), "RS256", "HS256")), 0U);
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), "RS256", "none")), 0U);
  EXPECT_EQ(CountOf(Replaced(ec.Jwk(), "ES256", "EdDSA")), 0U);
}

TEST(KeySet, TakesTheFirstOfTwoKeysWithOneId) {
  const TokenSigner first(Algorithm::kEs256, "k");
  const TokenSigner second(Algorithm::kEs256, "k");
  const auto set = ParseKeySet(Jwks(first.Jwk() + "," + second.Jwk()));
  ASSERT_EQ(set->keys.size(), 1U);
  EXPECT_TRUE(IsSignedBy(set->keys[0], "x", first.SignatureOf("x")));
  EXPECT_FALSE(IsSignedBy(set->keys[0], "x", second.SignatureOf("x")));
}

TEST(KeySet, RefusesOddNumbers) {
  const TokenSigner rsa(Algorithm::kRs256, "rsa");
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), R"("e":"AQAB")", R"("e":"AQ")")), 0U);  // 1
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), R"("e":"AQAB")", R"("e":"Ag")")), 0U);  // 2
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), R"("e":"AQAB")", R"("e":"")")), 0U);
  EXPECT_EQ(CountOf(Replaced(rsa.Jwk(), R"("e":"AQAB")", R"("e":"AQAB=")")), 0U);
  const std::string huge = Base64Url(std::string(2000, '\xFF'));
  EXPECT_EQ(CountOf(R"({"kid":"a","kty":"RSA","n":")" + huge + R"(","e":"AQAB"})"), 0U);
}

TEST(KeySet, IsOneDocumentWithAList) {
  EXPECT_FALSE(ParseKeySet(""));
  EXPECT_FALSE(ParseKeySet("[]"));
  EXPECT_FALSE(ParseKeySet("{}"));
  EXPECT_FALSE(ParseKeySet(R"({"keys":{}})"));
  EXPECT_FALSE(ParseKeySet(R"({"keys":[],"keys":[]})"));
  EXPECT_FALSE(ParseKeySet(std::string(300'000, ' ') + R"({"keys":[]})"));
  EXPECT_TRUE(ParseKeySet(R"({"keys":[]})"));
}

}  // namespace
}  // namespace promtally::web
