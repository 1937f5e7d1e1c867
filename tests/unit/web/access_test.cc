// SPDX-License-Identifier: Apache-2.0
#include "web/access.h"

#include <fstream>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_folder.h"
#include "unit/web/token_signer.h"
#include "web/authorization.h"
#include "web/passwords.h"
#include "web/provider.h"
#include "web/rate_limiter.h"
#include "web/web_file.h"

namespace promtally::web {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

using Headers = std::vector<std::pair<std::string, std::string>>;

class AccessTest : public testing::Test {
 protected:
  void Make(const std::string& web_yml = "") {
    std::string path;
    if (!web_yml.empty()) {
      path = (folder_.path() / "web.yml").string();
      std::ofstream(path) << web_yml;
    }
    file_ = std::make_unique<WebFile>(path, [](const std::string&) {});
    ASSERT_FALSE(base::HasErrors(file_->diagnostics()));
    Access::Options options;
    options.settings = settings_;
    options.file = file_.get();
    options.passwords = std::make_shared<Passwords>(loop_);
    options.external_host = "metering.example";
    options.provider = [this](const config::OidcSettings& oidc) {
      Provider::Options of_provider;
      of_provider.clock = [] { return kNow; };
      of_provider.hooks.ticks = [] { return KeyStore::Ticks(); };
      of_provider.hooks.warn = [](const std::string&) {};
      of_provider.hooks.fetch = [this](const FetchOrder&,
                                       const std::function<void(const Fetched&)>& done) {
        Fetched fetched;
        fetched.status = provider_status_;
        fetched.body = Jwks(signer_.Jwk());
        done(fetched);
      };
      return std::make_shared<Provider>(oidc, std::move(of_provider));
    };
    access_ = std::make_unique<Access>(std::move(options));
  }
  void MakeWithTokens() {
    settings_.oidc = GoodSettings();
    settings_.oidc->jwks_url = "https://id.example/keys";
    Make();
  }

  static Request Get(Headers headers = {}) {
    Request request;
    request.method = "GET";
    request.path = "/x";
    request.host = "localhost:9899";
    request.remote_address = "127.0.0.1";
    request.loopback_listener = true;
    request.headers = std::move(headers);
    return request;
  }
  static Request From(const std::string& user_and_password) {
    return Get({{"Authorization", "Basic " + user_and_password}});
  }
  Request WithToken(const Changes& changes = {}) const {
    return Get({{"Authorization", "Bearer " + signer_.Sign(GoodPayload(changes))}});
  }
  Verdict Ask(const Request& request, Group group) {
    std::optional<Verdict> verdict;
    access_->Authorize(request, group, [&](Verdict its) { verdict = std::move(its); });
    while (!verdict) {
      loop_.restart();
      loop_.run_one_for(std::chrono::seconds(20));
    }
    return *verdict;
  }
  void Refuses(const Request& request, Group group, int status, RefusalReason reason) {
    const Verdict verdict = Ask(request, group);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().status, status);
    EXPECT_EQ(static_cast<int>(verdict.error().reason), static_cast<int>(reason));
  }

  test::TempFolder folder_;
  boost::asio::io_context loop_;
  config::WebSettings settings_;
  int provider_status_ = 200;
  std::unique_ptr<WebFile> file_;
  std::unique_ptr<Access> access_;
  const TokenSigner signer_{Algorithm::kEs256, "k"};
};

constexpr std::array kAll{Group::kHealth, Group::kMetrics, Group::kDocs,
                          Group::kRead,   Group::kWrite,   Group::kAdmin};

TEST_F(AccessTest, IsOpenOnLoopbackUntilSomethingIsConfigured) {
  Make();
  for (const Group group : kAll) {
    EXPECT_TRUE(Ask(Get(), group));
  }
  Request remote = Get();
  remote.loopback_listener = false;
  for (const Request& request :
       {remote, Get({{"X-Forwarded-For", "127.0.0.1"}}), Get({{"forwarded", "for=127.0.0.1"}})}) {
    EXPECT_TRUE(Ask(request, Group::kHealth));
    EXPECT_TRUE(Ask(request, Group::kMetrics));
    Refuses(request, Group::kDocs, 403, RefusalReason::kNotConfigured);
    Refuses(request, Group::kRead, 403, RefusalReason::kNotConfigured);
    Refuses(request, Group::kWrite, 403, RefusalReason::kNotConfigured);
    Refuses(request, Group::kAdmin, 403, RefusalReason::kNotConfigured);
  }
}

TEST_F(AccessTest, DoesWhatAuthenticationSays) {
  settings_.authentication = config::Authentication::kRequired;
  Make();
  Refuses(Get(), Group::kRead, 403, RefusalReason::kNotConfigured);
  EXPECT_TRUE(Ask(Get(), Group::kMetrics));
  settings_.authentication = config::Authentication::kNone;
  settings_.oidc = GoodSettings();  // then of no effect
  Make();
  Request remote = Get();
  remote.loopback_listener = false;
  for (const Group group : kAll) {
    EXPECT_TRUE(Ask(remote, group));
  }
}

TEST_F(AccessTest, AsksForATokenOnLoopbackAsWellOnceItIsConfigured) {
  MakeWithTokens();
  EXPECT_TRUE(Ask(Get(), Group::kHealth));
  EXPECT_TRUE(Ask(Get(), Group::kMetrics));
  const Verdict none = Ask(Get(), Group::kRead);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().status, 401);
  EXPECT_THAT(none.error().headers,
              ElementsAre(Pair("WWW-Authenticate", R"(Bearer realm="promtally")")));
  const Verdict bad = Ask(Get({{"Authorization", "Bearer x"}}), Group::kRead);
  ASSERT_FALSE(bad);
  EXPECT_EQ(static_cast<int>(bad.error().reason), static_cast<int>(RefusalReason::kBadToken));
  EXPECT_THAT(
      bad.error().headers,
      ElementsAre(Pair("WWW-Authenticate", R"(Bearer realm="promtally", error="invalid_token")")));
  const Verdict good = Ask(WithToken({{"promtally_scopes", R"(["p1"])"}}), Group::kRead);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->subject, "alice");
  EXPECT_THAT(good->scopes, testing::Optional(ElementsAre("p1")));
}

TEST_F(AccessTest, TakesNoHeaderOfAnotherForm) {
  MakeWithTokens();
  const std::string token = signer_.Sign(GoodPayload());
  for (const Headers& headers :
       {Headers{{"Authorization", "Bearer  " + token}}, Headers{{"Authorization", token}},
        Headers{{"Authorization", "Bearer " + token + " x"}},
        Headers{{"Authorization", "Basic " + token}}, Headers{{"Authorization", "Bearer"}},
        Headers{{"Authorization", "Bearer " + token}, {"authorization", "Bearer " + token}},
        Headers{{"Authorization", "foo " + token}}}) {
    Refuses(Get(headers), Group::kRead, 401, RefusalReason::kBadToken);
  }
  EXPECT_TRUE(Ask(Get({{"authorization", "bEARER " + token}}), Group::kRead));
}

TEST_F(AccessTest, WantsARoleOrScopeWhereTheSettingsSay) {
  using config::Grant;
  settings_.access.grants[config::IndexOf(Group::kWrite)] = {
      {Grant::Kind::kRole, "metrics-writer"}, {Grant::Kind::kScope, "metrics.write"}};
  settings_.access.grants[config::IndexOf(Group::kAdmin)] = std::vector<Grant>();
  MakeWithTokens();
  EXPECT_TRUE(Ask(WithToken(), Group::kWrite));
  EXPECT_TRUE(Ask(WithToken({{"realm_access", ""}}), Group::kRead));
  EXPECT_TRUE(
      Ask(WithToken({{"realm_access", ""}, {"scope", R"("a metrics.write")"}}), Group::kWrite));
  for (const char* scope : {"metrics.writer", "metrics.writ", "Metrics.Write", "metrics.write,a",
                            "a,metrics.write", "metrics-writer"}) {
    const Verdict verdict =
        Ask(WithToken({{"realm_access", ""}, {"scope", "\"" + std::string(scope) + "\""}}),
            Group::kWrite);
    ASSERT_FALSE(verdict) << scope;
    EXPECT_EQ(verdict.error().status, 403);
    EXPECT_THAT(verdict.error().headers,
                ElementsAre(Pair("WWW-Authenticate",
                                 R"(Bearer realm="promtally", error="insufficient_scope")")));
  }
  // A role is no scope, and a list of nothing lets nobody in.
  Refuses(WithToken({{"realm_access", R"({"roles":["metrics.write"]})"}}), Group::kWrite, 403,
          RefusalReason::kForbidden);
  Refuses(WithToken(), Group::kAdmin, 403, RefusalReason::kForbidden);
}

TEST_F(AccessTest, SaysThatTheProviderIsSilent) {
  provider_status_ = 503;
  MakeWithTokens();
  Refuses(WithToken(), Group::kRead, 503, RefusalReason::kProviderSilent);
}

// The user u with the password pw, hashed at the least cost.
constexpr const char* kUsers =
    "basic_auth_users: {u: '$2b$04$IG4ReKXqYGUy44sU701WbekXaMdK1hGnqzOJm7heAXUys4NOK2TGy'}\n";

TEST_F(AccessTest, AsksForAPasswordEverywhereButOnHealth) {
  Make(kUsers);
  EXPECT_TRUE(Ask(Get(), Group::kHealth));
  for (const Group group : {Group::kMetrics, Group::kDocs, Group::kRead, Group::kWrite}) {
    const Verdict verdict = Ask(Get(), group);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().status, 401);
    EXPECT_THAT(verdict.error().headers, ElementsAre(Pair("WWW-Authenticate", "Basic")));
  }
  const Verdict good = Ask(From("dTpwdw=="), Group::kAdmin);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->subject, "u");
  EXPECT_FALSE(good->scopes);
  Refuses(From("dTpubw=="), Group::kRead, 401, RefusalReason::kBadToken);  // u:no
  Refuses(From("dTpwdw"), Group::kRead, 401, RefusalReason::kBadToken);    // without padding
  Refuses(From("dXB3"), Group::kRead, 401, RefusalReason::kBadToken);      // no colon
  Refuses(From("dTpwdwB4"), Group::kRead, 401, RefusalReason::kBadToken);  // u:pw NUL x
}

TEST_F(AccessTest, TakesTokensBesideUsers) {
  settings_.oidc = GoodSettings();
  settings_.oidc->jwks_url = "https://id.example/keys";
  Make(kUsers);
  EXPECT_TRUE(Ask(WithToken(), Group::kRead));
  EXPECT_TRUE(Ask(WithToken(), Group::kMetrics));
  EXPECT_TRUE(Ask(From("dTpwdw=="), Group::kRead));
  const Verdict verdict = Ask(Get(), Group::kMetrics);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().headers.size(), 2U);
}

TEST_F(AccessTest, LimitsWrongPasswordsOfAnAddress) {
  Make(kUsers);
  for (int i = 0; i < 10; ++i) {
    Refuses(From("dTpubw=="), Group::kRead, 401, RefusalReason::kBadToken);
  }
  Refuses(From("dTpubw=="), Group::kRead, 429, RefusalReason::kTooManyFailures);
  Refuses(From("dTpwdw=="), Group::kRead, 429, RefusalReason::kTooManyFailures);
  Request other = From("dTpwdw==");
  other.remote_address = "192.0.2.1";
  EXPECT_TRUE(Ask(other, Group::kRead));
}

TEST_F(AccessTest, TakesAnIpv6NetworkForOneAddress) {
  Make(kUsers);
  Request request = From("dTpubw==");
  for (int i = 0; i < 10; ++i) {
    request.remote_address = "2001:db8::" + std::to_string(i);
    Refuses(request, Group::kRead, 401, RefusalReason::kBadToken);
  }
  request.remote_address = "2001:db8:0:0:ffff::1";
  Refuses(request, Group::kRead, 429, RefusalReason::kTooManyFailures);
  request.remote_address = "2001:db8:0:1::1";
  Refuses(request, Group::kRead, 401, RefusalReason::kBadToken);
}

TEST_F(AccessTest, CountsGuessesThatAreSentTogether) {
  Make(kUsers);
  int compared = 0;
  int refused = 0;
  int answered = 0;
  for (int i = 0; i < 30; ++i) {
    // Nine bytes, so that their base64 text has no padding.
    const Request request = From(Base64Url("u:guess-" + std::string{static_cast<char>('A' + i)}));
    access_->Authorize(request, Group::kRead, [&](const Verdict& verdict) {
      ++answered;
      ++(verdict.error().status == 429 ? refused : compared);
    });
  }
  while (answered < 30) {
    loop_.restart();
    loop_.run_one_for(std::chrono::seconds(20));
  }
  EXPECT_EQ(compared, 10);
  EXPECT_EQ(refused, 20);
}

TEST_F(AccessTest, LimitsTheRateButForHealth) {
  Make("rate_limit: {interval: 1h, burst: 2}\n");
  EXPECT_TRUE(Ask(Get(), Group::kMetrics));
  EXPECT_TRUE(Ask(Get(), Group::kMetrics));
  Refuses(Get(), Group::kMetrics, 429, RefusalReason::kTooManyRequests);
  EXPECT_TRUE(Ask(Get(), Group::kHealth));
}

TEST_F(AccessTest, AddsTheHeadersOfTheFile) {
  Make("http_server_config: {headers: {X-Frame-Options: deny}}\n");
  Response response = TextResponse(200, "");
  access_->AddHeaders(response);
  access_->AddHeaders(response);
  EXPECT_THAT(response.headers, ElementsAre(Pair("X-Frame-Options", "deny")));
}

TEST_F(AccessTest, ReadsTheFileAgainWhenItChanges) {
  Make("rate_limit: {interval: 1h, burst: 1}\n");
  EXPECT_FALSE(access_->IsConfigured());
  std::ofstream((folder_.path() / "web.yml").string()) << kUsers;
  EXPECT_TRUE(access_->IsConfigured());
  Refuses(Get(), Group::kMetrics, 401, RefusalReason::kNoToken);
  std::ofstream((folder_.path() / "web.yml").string()) << "basic_auth_users: {u: nonsense}\n";
  Refuses(Get(), Group::kMetrics, 401, RefusalReason::kNoToken);  // the one before stays
}

TEST_F(AccessTest, RefusesChangesOfForeignOrigin) {
  Make();
  const auto post = [](const std::string& origin, const std::string& host = "localhost:9899") {
    Request request = Get({{"Origin", origin}});
    request.method = "POST";
    request.host = host;
    return request;
  };
  for (const char* origin : {"https://evil.example", "null", "", "http://localhost",
                             "http://localhost:9898", "http://localhost:9899.evil.example",
                             "localhost:9899", "file://", "http://127.0.0.1:9899"}) {
    Refuses(post(origin), Group::kWrite, 403, RefusalReason::kForeignOrigin);
  }
  EXPECT_TRUE(Ask(post("http://localhost:9899"), Group::kWrite));
  EXPECT_TRUE(Ask(post("HTTP://LOCALHOST:9899"), Group::kWrite));
  EXPECT_TRUE(Ask(post("https://metering.example"), Group::kWrite));
  EXPECT_TRUE(Ask(post("http://a.example", "a.example:80"), Group::kWrite));
  Request get = post("https://evil.example");
  get.method = "GET";
  EXPECT_TRUE(Ask(get, Group::kRead));  // reading changes nothing, and the page cannot see it
  Request two = post("http://localhost:9899");
  two.headers.emplace_back("Origin", "https://evil.example");
  Refuses(two, Group::kWrite, 403, RefusalReason::kForeignOrigin);
}

TEST_F(AccessTest, AnswersThroughAGuardedRouteNowOrLater) {
  Make(kUsers);
  const auto answer = [](const Request& request, const Identity& identity) {
    return TextResponse(200, request.path + " " + identity.subject);
  };
  EXPECT_EQ(Guarded(*access_, Get(), Group::kRead, answer).status, 401);
  const Response later = Guarded(*access_, From("dTpwdw=="), Group::kRead, answer);
  ASSERT_NE(later.later, nullptr);
  while (!later.later->resolved()) {
    loop_.restart();
    loop_.run_one_for(std::chrono::seconds(20));
  }
  const Response response = later.later->Take();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(*response.body.front(), "/x u");
  const Response now = Guarded(*access_, From("dTpwdw=="), Group::kRead, answer);  // remembered
  EXPECT_EQ(now.later, nullptr);
  EXPECT_EQ(now.status, 200);
}

TEST(Passwords, AreHashedAsBcryptReadsThem) {
  const auto hash = HashPassword("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(config::IsBcryptHash(*hash)) << *hash;
  EXPECT_TRUE(MatchesHash("correct horse", *hash));
  EXPECT_FALSE(MatchesHash("correct hors", *hash));
  EXPECT_FALSE(HashPassword(""));
  EXPECT_FALSE(HashPassword(std::string(73, 'a')));
  EXPECT_TRUE(HashPassword(std::string(72, 'a')));
  EXPECT_FALSE(HashPassword(std::string("a\0b", 3)));
}

TEST(Passwords, MatchTheFormsOfOtherTools) {
  // htpasswd, Python and Go write these three.
  EXPECT_TRUE(MatchesHash("pw", "$2b$04$IG4ReKXqYGUy44sU701WbekXaMdK1hGnqzOJm7heAXUys4NOK2TGy"));
  EXPECT_TRUE(MatchesHash("pw", "$2y$04$IG4ReKXqYGUy44sU701WbekXaMdK1hGnqzOJm7heAXUys4NOK2TGy"));
  EXPECT_TRUE(MatchesHash("pw", "$2a$04$IG4ReKXqYGUy44sU701WbekXaMdK1hGnqzOJm7heAXUys4NOK2TGy"));
  EXPECT_FALSE(MatchesHash("pw", "*0"));
  EXPECT_FALSE(MatchesHash("pw", ""));
}

TEST(RateLimiter, GivesATokenBackInEachInterval) {
  RateLimiter limiter;
  const config::RateLimit limit{base::Milliseconds(100), 2};
  RateLimiter::Clock::time_point now{};
  EXPECT_TRUE(limiter.Take(limit, now));
  EXPECT_TRUE(limiter.Take(limit, now));
  EXPECT_FALSE(limiter.Take(limit, now));
  now += std::chrono::milliseconds(101);
  EXPECT_TRUE(limiter.Take(limit, now));
  EXPECT_FALSE(limiter.Take(limit, now));
  now += std::chrono::hours(1);
  EXPECT_TRUE(limiter.Take(limit, now));
  EXPECT_TRUE(limiter.Take(limit, now));
  EXPECT_FALSE(limiter.Take(limit, now));
}

}  // namespace
}  // namespace promtally::web
