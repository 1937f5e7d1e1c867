// SPDX-License-Identifier: Apache-2.0
#include "web/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/token_signer.h"

namespace promtally::web {
namespace {

using testing::ElementsAre;

// Keys are slow to make: one of each for all tests.
const TokenSigner& Signer(Algorithm algorithm) {
  static const TokenSigner rs(Algorithm::kRs256, "rs");
  static const TokenSigner ps(Algorithm::kPs256, "ps");
  static const TokenSigner es(Algorithm::kEs256, "es");
  static const TokenSigner ed(Algorithm::kEdDsa, "ed");
  switch (algorithm) {
    case Algorithm::kRs256:
      return rs;
    case Algorithm::kPs256:
      return ps;
    case Algorithm::kEs256:
      return es;
    default:
      return ed;
  }
}

const KeySet& Keys() {
  static const KeySet keys = *ParseKeySet(
      Jwks(Signer(Algorithm::kRs256).Jwk() + "," + Signer(Algorithm::kPs256).Jwk() + "," +
           Signer(Algorithm::kEs256).Jwk() + "," + Signer(Algorithm::kEdDsa).Jwk()));
  return keys;
}

base::Result<Claims> Judge(const std::string& text,
                           const config::OidcSettings& settings = GoodSettings()) {
  const auto token = ParseToken(text, settings);
  if (!token) {
    return tl::unexpected(token.error());
  }
  const SigningKey* const key = Keys().Find(token->key_id);
  if (key == nullptr || !HasGoodSignature(*token, *key)) {
    return base::Fail(base::ErrorCode::kRejected, "signature");
  }
  return CheckClaims(*token, settings, kNow);
}

const TokenSigner& Es() { return Signer(Algorithm::kEs256); }

TEST(Token, OfEachAlgorithmIsTaken) {
  for (const Algorithm algorithm :
       {Algorithm::kRs256, Algorithm::kPs256, Algorithm::kEs256, Algorithm::kEdDsa}) {
    const auto claims = Judge(Signer(algorithm).Sign(GoodPayload()));
    ASSERT_TRUE(claims) << NameOf(algorithm) << ": " << claims.error().message;
    EXPECT_EQ(claims->subject, "alice");
    EXPECT_THAT(claims->roles, ElementsAre("metrics-writer", "offline_access"));
    EXPECT_THAT(claims->scope_words, ElementsAre("profile", "metrics.read"));
    EXPECT_FALSE(claims->usage_scopes);
    EXPECT_EQ(claims->expires, base::FromUnixSeconds(1767225890));
  }
}

TEST(Token, IsTakenInEachGoodForm) {
  const auto good = [](const Changes& changes) {
    const auto claims = Judge(Es().Sign(GoodPayload(changes)));
    EXPECT_TRUE(claims) << GoodPayload(changes) << ": " << claims.error().message;
  };
  good({{"aud", R"("promtally")"}});
  good({{"typ", ""}});
  good({{"sub", ""}});
  good({{"iat", ""}});
  good({{"nbf", "1767225600"}});
  good({{"exp", "1767225600.5"}});
  good({{"exp", "1.76722589e9"}});
  good({{"name", R"("M\u00fcller \"x\" \\ \u0000")"}});
  good({{"scope", R"("")"}});
  for (const std::string type :
       {R"("at+jwt")", R"("application/at+jwt")", R"("application/jwt")"}) {
    EXPECT_TRUE(Judge(
        Es().Sign("{ \"typ\" : " + type + ",\n\"kid\":\"es\",\"alg\":\"ES256\"}", GoodPayload())));
  }
  EXPECT_TRUE(Judge(Es().Sign(R"({"alg":"ES256","kid":"es"})", GoodPayload())));
}

TEST(Token, IsTakenWithinTheLeewayOnly) {
  const auto at = [](const std::string& name, const std::string& seconds) {
    return Judge(Es().Sign(GoodPayload({{name, seconds}}))).has_value();
  };
  EXPECT_TRUE(at("exp", "1767225571"));
  EXPECT_FALSE(at("exp", "1767225570"));
  EXPECT_TRUE(at("nbf", "1767225630"));
  EXPECT_FALSE(at("nbf", "1767225631"));
  EXPECT_TRUE(at("iat", "1767225630"));
  EXPECT_FALSE(at("iat", "1767225631"));
}

TEST(Token, OfEs256IsTakenWhateverItsNumbers) {
  // About one in 128 has a leading zero byte in r or s, half have a high s.
  for (int i = 0; i < 400; ++i) {
    EXPECT_TRUE(Judge(Es().Sign(GoodPayload({{"jti", std::to_string(i)}}))));
  }
}

struct BadClaims {
  const char* what;
  Changes changes;
};

TEST(Token, IsRefusedForItsClaims) {
  const std::string deep = R"([[[[[[[["x"]]]]]]]])";
  const std::vector<BadClaims> cases{
      {"no exp", {{"exp", ""}}},
      {"expired", {{"exp", "1767225000"}}},
      {"exp as text", {{"exp", R"("1767225890")"}}},
      {"exp null", {{"exp", "null"}}},
      {"exp true", {{"exp", "true"}}},
      {"exp beyond doubles", {{"exp", "1" + std::string(400, '0')}}},
      {"exp beyond time", {{"exp", "1e300"}}},
      {"exp infinite", {{"exp", "Infinity"}}},
      {"exp NaN", {{"exp", "NaN"}}},
      {"nbf ahead", {{"nbf", "1767229200"}}},
      {"nbf as text", {{"nbf", R"("0")"}}},
      {"iat ahead", {{"iat", "1767229200"}}},
      {"iat as list", {{"iat", "[1]"}}},
      {"no aud", {{"aud", ""}}},
      {"another aud", {{"aud", R"("account")"}}},
      {"aud as prefix", {{"aud", R"("promtally2")"}}},
      {"aud in another case", {{"aud", R"("Promtally")"}}},
      {"aud with a number", {{"aud", R"(["promtally",1])"}}},
      {"aud as object", {{"aud", R"({"promtally":true})"}}},
      {"no iss", {{"iss", ""}}},
      {"another iss", {{"iss", R"("https://id.example/realms/other")"}}},
      {"iss with a slash", {{"iss", R"("https://id.example/realms/main/")"}}},
      {"iss as list", {{"iss", R"(["https://id.example/realms/main"])"}}},
      {"an ID token", {{"typ", R"("ID")"}}},
      {"a refresh token", {{"typ", R"("Refresh")"}}},
      {"typ in small letters", {{"typ", R"("bearer")"}}},
      {"typ null", {{"typ", "null"}}},
      {"empty sub", {{"sub", R"("")"}}},
      {"sub as number", {{"sub", "7"}}},
      {"scopes as text", {{"promtally_scopes", R"("p1")"}}},
      {"scopes null", {{"promtally_scopes", "null"}}},
      {"scopes with a number", {{"promtally_scopes", R"(["p1",2])"}}},
      {"nesting", {{"x", deep}}},
      {"exp twice", {{"exp\":0,\"exp", "1767225890"}}},
      {"nested twice", {{"x", R"({"a":1,"a":2})"}}},
      {"twice by an escape", {{"e\\u0078p", "1767225890"}}},
      {"bad UTF-8", {{"x", "\"\xFF\""}}},
      {"a control character", {{"x", "\"\n\""}}},
      {"a comment", {{"x", "1/**/"}}},
  };
  for (const BadClaims& each : cases) {
    EXPECT_FALSE(Judge(Es().Sign(GoodPayload(each.changes)))) << each.what;
  }
  EXPECT_FALSE(Judge(Es().Sign("[" + GoodPayload() + "]")));
  EXPECT_FALSE(Judge(Es().Sign("\xEF\xBB\xBF" + GoodPayload())));
  EXPECT_FALSE(Judge(Es().Sign(GoodPayload() + "{}")));
  EXPECT_FALSE(Judge(Es().Sign(GoodPayload() + '\0')));
  EXPECT_FALSE(Judge(Es().Sign(GoodPayload({{"pad", "\"" + std::string(8192, 'a') + "\""}}))));
}

TEST(Token, IsRefusedForItsHeader) {
  const auto refused = [](const std::string& header) {
    EXPECT_FALSE(Judge(Es().Sign(header, GoodPayload()))) << header;
  };
  const std::string rest = R"("kid":"es"})";
  for (const char* algorithm : {"none", "None", "nOnE", "NONE", "", "HS256", "HS512", "es256",
                                "ES256 ", "ES384", "RS256", "EdDSA", "ES256K"}) {
    refused(std::string(R"({"alg":")") + algorithm + "\"," + rest);
  }
  refused("{" + rest);
  refused(R"({"alg":["ES256"],)" + rest);
  refused(R"({"alg":"ES256","alg":"none",)" + rest);
  refused(R"({"alg":"none","alg":"ES256",)" + rest);
  refused(R"({"alg":"ES256","crit":["exp"],)" + rest);
  refused(R"({"alg":"ES256","crit":[],)" + rest);
  refused(R"({"alg":"ES256","zip":"DEF",)" + rest);
  refused(R"({"alg":"ES256","b64":false,)" + rest);
  refused(R"({"alg":"ES256","typ":"dpop+jwt",)" + rest);
  refused(R"({"alg":"ES256","typ":"JWE",)" + rest);
  refused(R"({"alg":"ES256","typ":1,)" + rest);
  refused(R"({"alg":"ES256"})");
}

TEST(Token, NeverChoosesItsKeyItself) {
  const TokenSigner stranger(Algorithm::kEs256, "es");  // another key under the known name
  EXPECT_FALSE(Judge(stranger.Sign(GoodPayload())));
  EXPECT_FALSE(
      Judge(Es().Sign(R"({"alg":"ES256","kid":"es","jwk":)" + Es().Jwk() + "}", GoodPayload())));
  EXPECT_FALSE(Judge(
      stranger.Sign(R"({"alg":"ES256","kid":"es","jwk":)" + stranger.Jwk() + "}", GoodPayload())));
  for (const char* member : {"jku", "x5u"}) {
    EXPECT_FALSE(Judge(stranger.Sign(R"({"alg":"ES256","kid":"es",")" + std::string(member) +
                                         R"(":"https://evil.example/keys"})",
                                     GoodPayload())));
  }
  for (const char* id : {"", "../../../../dev/null", "' OR 1=1 --", "es\\u0000", "ES", "e",
                         "http://evil.example/es"}) {
    EXPECT_FALSE(
        Judge(Es().Sign(R"({"alg":"ES256","kid":")" + std::string(id) + "\"}", GoodPayload())))
        << id;
  }
  EXPECT_FALSE(Judge(Es().Sign(R"({"alg":"ES256","kid":7})", GoodPayload())));
}

TEST(Token, IsNotTakenByAKeyOfAnotherAlgorithm) {
  // RSA keys can sign both ways; each of ours does one.
  const TokenSigner& rs = Signer(Algorithm::kRs256);
  const TokenSigner& ps = Signer(Algorithm::kPs256);
  EXPECT_FALSE(Judge(rs.Sign(R"({"alg":"PS256","kid":"rs"})", GoodPayload())));
  EXPECT_FALSE(Judge(ps.Sign(R"({"alg":"RS256","kid":"ps"})", GoodPayload())));
  EXPECT_FALSE(Judge(rs.Sign(R"({"alg":"HS256","kid":"rs"})", GoodPayload())));
  EXPECT_FALSE(Judge(rs.Sign(R"({"alg":"RS256","kid":"es"})", GoodPayload())));
  config::OidcSettings only_es = GoodSettings();
  only_es.algorithms = {"ES256"};
  EXPECT_FALSE(Judge(rs.Sign(GoodPayload()), only_es));
  EXPECT_TRUE(Judge(Es().Sign(GoodPayload()), only_es));
}

TEST(Token, IsRefusedForItsSignature) {
  const std::string text = Base64Url(Es().Header()) + "." + Base64Url(GoodPayload()) + ".";
  const std::string good = Es().SignatureOf(text.substr(0, text.size() - 1));
  ASSERT_TRUE(Judge(text + Base64Url(good)));
  const std::string zeros(64, '\0');
  // The order of P-256: r and s are below it.
  const std::string order = "\xFF\xFF\xFF\xFF" + std::string(4, '\0') + std::string(8, '\xFF') +
                            "\xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";
  for (const std::string& bad :
       {std::string(), zeros, good.substr(0, 32) + zeros.substr(0, 32),
        zeros.substr(0, 32) + good.substr(32), good.substr(0, 63), good + '\0', order + order,
        order + good.substr(32), std::string(64, '\xFF'), good.substr(32) + good.substr(0, 32)}) {
    EXPECT_FALSE(Judge(text + Base64Url(bad)));
  }
  std::string flipped = good;
  flipped[10] = static_cast<char>(flipped[10] ^ 1);
  EXPECT_FALSE(Judge(text + Base64Url(flipped)));
  for (const Algorithm algorithm : {Algorithm::kRs256, Algorithm::kPs256, Algorithm::kEdDsa}) {
    const std::string token = Signer(algorithm).Sign(GoodPayload());
    EXPECT_FALSE(Judge(token.substr(0, token.rfind('.') + 1)));
    EXPECT_FALSE(Judge(token.substr(0, token.rfind('.') + 1) + Base64Url(zeros)));
  }
}

TEST(Token, OfAnotherPayloadIsNotSigned) {
  const std::string token = Es().Sign(GoodPayload());
  const std::size_t first = token.find('.');
  const std::string forged = token.substr(0, first + 1) +
                             Base64Url(GoodPayload({{"sub", R"("root")"}})) +
                             token.substr(token.rfind('.'));
  EXPECT_FALSE(Judge(forged));
}

TEST(Token, IsRefusedWhereAnyCharacterDiffers) {
  const std::string token = Es().Sign(GoodPayload());
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'A', 'a', '0', '_', '.', '=', ' ', '\0', '\xFF'}) {
      std::string other = token;
      other[at] = c;
      EXPECT_TRUE(other == token || !Judge(other)) << at << " " << c;
    }
    EXPECT_FALSE(Judge(token.substr(0, at))) << at;
  }
}

TEST(Token, HasOneTextOnly) {
  const std::string token = Es().Sign(GoodPayload());
  ASSERT_TRUE(Judge(token));
  EXPECT_FALSE(Judge(token + "="));
  EXPECT_FALSE(Judge(token + "=="));
  EXPECT_FALSE(Judge(token + "."));
  EXPECT_FALSE(Judge("." + token));
  EXPECT_FALSE(Judge(token + ".x"));
  EXPECT_FALSE(Judge(token + "\n"));
  EXPECT_FALSE(Judge(" " + token));
  EXPECT_FALSE(Judge(token.substr(0, token.rfind('.'))));
  EXPECT_FALSE(Judge(""));
  EXPECT_FALSE(Judge(".."));
  // 64 bytes leave four unused bits in the last character: a second text of one signature.
  std::string other = token;
  other.back() = other.back() == 'A' ? 'B' : static_cast<char>(other.back() + 1);
  EXPECT_FALSE(Judge(other));
  std::string standard = token;
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  EXPECT_TRUE(standard == token || !Judge(standard));
}

TEST(Claims, ComeFromTheConfiguredPlaces) {
  config::OidcSettings settings = GoodSettings();
  settings.roles_claim = "resource_access.promtally.roles";
  settings.scopes_claim = "https://promtally/scopes";
  const auto claims =
      Judge(Es().Sign(GoodPayload({{"resource_access", R"({"promtally":{"roles":["r"]}})"},
                                   {"https://promtally/scopes", R"(["p1","p2"])"},
                                   {"sub", ""},
                                   {"client_id", R"("robot")"}})),
            settings);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, "robot");
  EXPECT_THAT(claims->roles, ElementsAre("r"));
  EXPECT_THAT(claims->usage_scopes, testing::Optional(ElementsAre("p1", "p2")));
}

TEST(Claims, GiveNoRoleWhereTheListIsNone) {
  for (const char* roles : {R"("metrics-writer")", R"({"roles":"metrics-writer"})", "null",
                            R"({"roles":["metrics-writer",1]})", "7"}) {
    const auto claims = Judge(Es().Sign(GoodPayload({{"realm_access", roles}})));
    ASSERT_TRUE(claims) << roles;
    EXPECT_TRUE(claims->roles.empty()) << roles;
  }
  const auto comma = Judge(Es().Sign(GoodPayload({{"scope", R"("a,b  c")"}})));
  EXPECT_THAT(comma->scope_words, ElementsAre("a,b", "c"));
}

}  // namespace
}  // namespace promtally::web
