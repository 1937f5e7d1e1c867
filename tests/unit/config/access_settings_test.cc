// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/settings.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SettingsFile Read(const std::string& yaml) {
  return ReadSettings(yaml, "p.yml", [](const std::string&) { return std::nullopt; });
}

constexpr const char* kEveryKey = R"(
web:
  config_file: web.yml
  authentication: required
  oidc:
    issuer: https://id.example/realms/main/
    jwks_url: https://id.example/keys
    audience: metering
    algorithms: [ES256, EdDSA]
    leeway: 5s
    jwks_max_age: 2h
    jwks_min_refresh: 10s
    ca_file: ca.pem
    roles_claim: roles
    scopes_claim: tenants
    uma: {enabled: true, audience: other, cache: 10s, require: {write: 'metrics#metrics:write'}}
  access:
    public: [docs]
    read: ['role:reader', 'scope:metrics.read']
    write: []
)";

TEST(AccessSettings, AreReadWithEveryKey) {
  const SettingsFile file = Read(kEveryKey);
  EXPECT_EQ(Rendered(file.diagnostics), "");
  const WebSettings& web = file.settings.web;
  EXPECT_EQ(web.config_file, "web.yml");
  EXPECT_EQ(web.authentication, Authentication::kRequired);
  ASSERT_TRUE(web.oidc);
  EXPECT_EQ(web.oidc->issuer,
            "https://id.example/realms/main/");  // as in `iss`, the slash included
  EXPECT_EQ(web.oidc->jwks_url, "https://id.example/keys");
  EXPECT_EQ(web.oidc->audience, "metering");
  EXPECT_THAT(web.oidc->algorithms, ElementsAre("ES256", "EdDSA"));
  EXPECT_EQ(web.oidc->leeway, base::Seconds(5));
  EXPECT_EQ(web.oidc->jwks_max_age, std::chrono::hours(2));
  EXPECT_EQ(web.oidc->jwks_min_refresh, base::Seconds(10));
  EXPECT_EQ(web.oidc->ca_file, "ca.pem");
  EXPECT_EQ(web.oidc->roles_claim, "roles");
  EXPECT_EQ(web.oidc->scopes_claim, "tenants");
}

TEST(AccessSettings, KeepGroupsApart) {
  const WebSettings web = Read(kEveryKey).settings.web;
  const UmaSettings& uma = web.oidc->uma;
  EXPECT_TRUE(uma.enabled);
  EXPECT_EQ(uma.audience, "other");
  EXPECT_EQ(uma.cache, base::Seconds(10));
  EXPECT_EQ(uma.require[IndexOf(AccessGroup::kWrite)], (Permission{"metrics", "metrics:write"}));
  EXPECT_FALSE(uma.require[IndexOf(AccessGroup::kRead)]);
  EXPECT_THAT(web.access.open, ElementsAre(true, false, true, false, false, false));
  EXPECT_THAT(web.access.grants[IndexOf(AccessGroup::kRead)],
              testing::Optional(ElementsAre(Grant{Grant::Kind::kRole, "reader"},
                                            Grant{Grant::Kind::kScope, "metrics.read"})));
  EXPECT_THAT(web.access.grants[IndexOf(AccessGroup::kWrite)],
              testing::Optional(testing::IsEmpty()));             // nobody
  EXPECT_FALSE(web.access.grants[IndexOf(AccessGroup::kAdmin)]);  // any valid token
}

TEST(AccessSettings, OfNothingOpenHealthAndMetrics) {
  const WebSettings web = Read("").settings.web;
  EXPECT_EQ(web.authentication, Authentication::kAuto);
  EXPECT_FALSE(web.oidc);
  EXPECT_THAT(web.access.open, ElementsAre(true, true, false, false, false, false));
}

TEST(AccessSettings, ReadBackFromWhatIsShown) {
  const std::string text = ToYaml(Read(kEveryKey).settings);
  const SettingsFile again = Read(text);
  EXPECT_EQ(Rendered(again.diagnostics), "") << text;
  EXPECT_EQ(ToYaml(again.settings), text);
  EXPECT_EQ(again.settings.web.oidc, Read(kEveryKey).settings.web.oidc);
}

struct Mistake {
  const char* name;
  std::string yaml;
  std::string problem;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class AccessMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(AccessMistakes, AreErrorsAtTheirPlace) {
  const base::Diagnostics errors = Errors(Read(GetParam().yaml).diagnostics);
  ASSERT_FALSE(errors.empty());
  EXPECT_THAT(base::ToText(errors.front()), HasSubstr(GetParam().problem));
}

std::string Oidc(const std::string& more) {
  return "web: {oidc: {issuer: 'https://i', audience: a, " + more + "}}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Files, AccessMistakes,
    testing::Values(
        Mistake{"NoIssuer", "web: {oidc: {audience: a}}\n",
                "p.yml:1:13: error: \"oidc\" in web has no \"issuer\""},
        Mistake{"NoAudience", "web: {oidc: {issuer: 'https://i'}}\n", "has no \"audience\""},
        Mistake{"PlainIssuer", "web: {oidc: {issuer: 'http://id.example', audience: a}}\n",
                "p.yml:1:22: error: \"issuer\" in web.oidc must be an https URL"},
        Mistake{"NearlyLoopback",
                "web: {oidc: {issuer: 'http://127.0.0.1.evil.example', audience: a}}\n",
                "must be an https URL"},
        Mistake{"PlainKeys", Oidc("jwks_url: 'http://id.example/keys'"), "must be an https URL"},
        Mistake{"Algorithm", Oidc("algorithms: [RS256, HS256]"), "\"HS256\" is not allowed"},
        Mistake{"NoneAlgorithm", Oidc("algorithms: [none]"), "\"none\" is not allowed"},
        Mistake{"NoAlgorithm", Oidc("algorithms: []"), "must name at least one algorithm"},
        Mistake{"Leeway", Oidc("leeway: 61s"), "must be from 0s to 1m"},
        Mistake{"MaxAge", Oidc("jwks_max_age: 25h"), "must be from 1s to 1d"},
        Mistake{"Unknown", Oidc("audiences: b"), "unknown key \"audiences\" in web.oidc"},
        Mistake{"UmaCache", Oidc("uma: {cache: 2m}"), "must be from 0s to 1m"},
        Mistake{"UmaRequire", Oidc("uma: {require: {write: metrics}}"), "must be resource#scope"},
        Mistake{"UmaHealth", Oidc("uma: {require: {health: 'a#b'}}"), "unknown key \"health\""},
        Mistake{"Grant", "web: {access: {read: [reader]}}\n", "must be role:NAME or scope:NAME"},
        Mistake{"EmptyGrant", "web: {access: {read: ['role:']}}\n", "must be role:NAME"},
        Mistake{"BlankScope", "web: {access: {read: ['scope:a b']}}\n", "must be role:NAME"},
        Mistake{"OneGrant", "web: {access: {read: 'role:a'}}\n", "must be a list of role:NAME"},
        Mistake{"Group", "web: {access: {public: [metric]}}\n", "\"metric\" is not allowed"},
        Mistake{"HealthGrant", "web: {access: {health: []}}\n", "unknown key \"health\""},
        Mistake{"Authentication", "web: {authentication: off}\n", "\"off\" is not allowed"}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace promtally::config
