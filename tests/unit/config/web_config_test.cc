// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/web_config.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

WebConfig Valid(const std::string& yaml) {
  const WebConfigFile file = ReadWebConfig(yaml, "web.yml");
  EXPECT_EQ(Rendered(file.diagnostics), "");
  return file.settings;
}

TEST(WebConfig, OfEveryKeyIsRead) {
  const WebConfig config = Valid(R"(
tls_server_config:
  cert_file: c.pem
  key_file: k.pem
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [scraper.example, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP384, X25519]
http_server_config:
  http2: true
  headers: {X-Frame-Options: deny, X-XSS-Protection: 0, Strict-Transport-Security: max-age=1}
basic_auth_users: {alice: ")" + kHash +
                                 R"("}
rate_limit: {interval: 500ms, burst: 20}
)");
  ASSERT_TRUE(config.tls);
  EXPECT_EQ(config.tls->cert_file, "c.pem");
  EXPECT_EQ(config.tls->key.file, "k.pem");
  EXPECT_EQ(config.tls->client_auth, ClientAuth::kRequireAndVerify);
  EXPECT_THAT(config.tls->client_allowed_sans, ElementsAre("scraper.example", "10.0.0.1"));
  EXPECT_THAT(config.tls->cipher_suites, ElementsAre("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(config.tls->prefer_server_cipher_suites);
  EXPECT_THAT(config.tls->curves, ElementsAre("P-384", "X25519"));
  EXPECT_EQ(config.headers.size(), 3U);
  EXPECT_EQ(config.users.front().second, kHash);
  EXPECT_EQ(config.rate_limit->burst, 20U);
  EXPECT_EQ(config.rate_limit->interval, base::Milliseconds(500));
}

TEST(WebConfig, OfAnEmptyFileOrSectionMeansNothing) {
  EXPECT_FALSE(Valid("").tls);
  EXPECT_FALSE(Valid("tls_server_config: {}\n").tls);
  EXPECT_FALSE(Valid("tls_server_config: {min_version: TLS13}\n").tls);
  EXPECT_TRUE(Valid("basic_auth_users:\nhttp_server_config:\n").users.empty());
}

struct Mistake {
  const char* name;
  std::string yaml;
  std::string problem;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class WebConfigMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(WebConfigMistakes, HaveTheWordsOfExporterToolkit) {
  const base::Diagnostics errors = Errors(ReadWebConfig(GetParam().yaml, "web.yml").diagnostics);
  ASSERT_FALSE(errors.empty());
  EXPECT_THAT(base::ToText(errors.front()), HasSubstr(GetParam().problem));
}

std::string Tls(const std::string& keys) { return "tls_server_config: {" + keys + "}\n"; }

INSTANTIATE_TEST_SUITE_P(
    Files, WebConfigMistakes,
    testing::Values(
        Mistake{"NoCert", Tls("key_file: k"), "missing one of cert or cert_file"},
        Mistake{"NoKey", Tls("cert_file: c"), "missing one of key or key_file"},
        Mistake{"EmptyKey", Tls("cert_file: c, key: \"\""), "missing one of key or key_file"},
        Mistake{"BothCerts", Tls("cert: c, cert_file: c, key_file: k"),
                "at most one of cert & cert_file"},
        Mistake{"ClientAuth", Tls("cert_file: c, key_file: k, client_auth_type: Maybe"),
                "invalid ClientAuth: Maybe"},
        Mistake{"ClientCa", Tls("cert_file: c, key_file: k, client_ca_file: ca"),
                "client CA's have been configured without a Client Auth Policy"},
        Mistake{"Cipher", Tls("cert_file: c, key_file: k, cipher_suites: [RC4]"),
                "unknown cipher: RC4"},
        Mistake{"Curve", Tls("cert_file: c, key_file: k, curve_preferences: [P]"),
                "unknown curve: P"},
        Mistake{"Version", Tls("cert_file: c, key_file: k, min_version: TLS1"),
                "unknown TLS version: TLS1"},
        Mistake{"Versions",
                Tls("cert_file: c, key_file: k, min_version: TLS13, max_version: TLS12"),
                "min_version is above max_version"},
        Mistake{"Header", "http_server_config: {headers: {X-Powered-By: x}}\n",
                "HTTP header \"X-Powered-By\" can not be configured"},
        Mistake{"HeaderCase", "http_server_config: {headers: {x-frame-options: deny}}\n",
                "HTTP header \"x-frame-options\" can not be configured"},
        Mistake{"HeaderValue", "http_server_config: {headers: {X-Frame-Options: DENY}}\n",
                "invalid value for X-Frame-Options. Expected one of: [\"deny\" \"sameorigin\"], "
                "but got: \"DENY\""},
        Mistake{"Password", "basic_auth_users: {a: hunter2}\n",
                "the password of \"a\" is no bcrypt hash"},
        Mistake{"CutHash", "basic_auth_users: {a: '" + kHash.substr(0, 59) + "'}\n",
                "no bcrypt hash"},
        Mistake{"Burst", "rate_limit: {burst: 0}\n", "must be a whole number from 1"},
        Mistake{"Twice", "basic_auth_users: {a: '" + kHash + "', a: '" + kHash + "'}\n", "\"a\""},
        Mistake{"Unknown", "basic_auth_user: {}\n", "did you mean \"basic_auth_users\"?"},
        Mistake{"UnknownTls", Tls("certfile: c"), "unknown key \"certfile\" in tls_server_config"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(WebConfig, NeverShowsAPasswordOrKey) {
  const std::string text =
      Rendered(ReadWebConfig("basic_auth_users: {a: hunter2}\n", "web.yml").diagnostics) +
      Rendered(ReadWebConfig(Tls("key: canary, min_version: x, cert: c"), "web.yml").diagnostics);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, Not(HasSubstr("canary")));
}

TEST(WebConfig, IsToldApartFromOtherFiles) {
  EXPECT_TRUE(LooksLikeWebConfig("rate_limit: {}\n"));
  EXPECT_FALSE(LooksLikeWebConfig("metrics: {}\n"));
  EXPECT_FALSE(LooksLikeWebConfig("web: {}\n"));
  EXPECT_FALSE(LooksLikeWebConfig(""));
}

TEST(BcryptHash, HasAKnownFormAndACost) {
  EXPECT_TRUE(IsBcryptHash(kHash));
  EXPECT_FALSE(IsBcryptHash("$2x" + kHash.substr(3)));
  EXPECT_FALSE(IsBcryptHash("$2y$03" + kHash.substr(6)));
  EXPECT_FALSE(IsBcryptHash("$2y$32" + kHash.substr(6)));
  EXPECT_FALSE(IsBcryptHash(kHash + "a"));
  EXPECT_FALSE(IsBcryptHash(kHash.substr(0, 59) + "\n"));
}

// The keys of web.yml in docs/security.md: rows of which the first column is one word in backticks.
TEST(WebConfigReference, HasEachKeyOfTheReaderOnce) {
  std::multiset<std::string> documented;
  std::istringstream text(FileText(std::string(PROMTALLY_ROOT) + "/docs/security.md"));
  constexpr std::string_view kRow = "| `";
  for (std::string line; std::getline(text, line);) {
    const std::size_t end = line.find('`', kRow.size());
    if (line.starts_with(kRow) && end != std::string::npos && line.substr(end, 4) == "` | ") {
      documented.insert(line.substr(kRow.size(), end - kRow.size()));
    }
  }
  const auto keys = WebConfigKeys();
  EXPECT_THAT(documented,
              testing::ContainerEq(std::multiset<std::string>(keys.begin(), keys.end())));
}

}  // namespace
}  // namespace promtally::config
