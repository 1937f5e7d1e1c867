// SPDX-License-Identifier: Apache-2.0
#include "web/provider.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/token_signer.h"

namespace promtally::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kIssuer = "https://id.example/realms/main";

/// A provider of which the requests are answered by hand, and whose time stands still.
class ProviderTest : public testing::Test {
 protected:
  void Make() {
    Provider::Options options;
    options.clock = [this] { return now_; };
    options.hooks.ticks = [this] { return ticks_; };
    options.hooks.warn = [this](const std::string& text) { warnings_.push_back(text); };
    options.hooks.fetch = [this](FetchOrder order, std::function<void(const Fetched&)> done) {
      orders_.push_back(std::move(order));
      waiting_.push_back(std::move(done));
    };
    provider_ = std::make_unique<Provider>(settings_, std::move(options));
  }

  void Reply(int status, const std::string& body) {
    ASSERT_FALSE(waiting_.empty());
    const auto done = std::move(waiting_.front());
    waiting_.pop_front();
    Fetched fetched;
    fetched.status = status;
    fetched.body = body;
    fetched.error = status == 0 ? "refused" : "";
    done(fetched);
  }
  void ReplyDiscovery() {
    Reply(200, R"({"issuer":")" + kIssuer + R"(","jwks_uri":"https://id.example/keys",)" +
                   R"("token_endpoint":"https://id.example/token"})");
  }
  void ReplyKeys(const std::string& keys) { Reply(200, Jwks(keys)); }

  /// Adds the outcome to outcomes_ when it is there.
  void Verify(const std::string& token) {
    provider_->Verify(token, [this](const TokenVerdict& verdict) {
      outcomes_.push_back(verdict.outcome);
      claims_ = verdict.claims;
    });
  }
  TokenOutcome Last() {
    EXPECT_FALSE(outcomes_.empty());
    return outcomes_.empty() ? TokenOutcome::kBad : outcomes_.back();
  }
  void Advance(seconds time) {
    ticks_ += time;
    now_ += time;
  }
  std::string Token(const TokenSigner& signer) const {
    const auto expires = std::chrono::floor<seconds>(now_).time_since_epoch().count() + 300;
    return signer.Sign(GoodPayload({{"exp", std::to_string(expires)}}));
  }

  config::OidcSettings settings_ = GoodSettings();
  base::Instant now_ = kNow;
  KeyStore::Ticks ticks_{seconds(1000)};
  std::vector<FetchOrder> orders_;
  std::deque<std::function<void(const Fetched&)>> waiting_;
  std::vector<std::string> warnings_;
  std::vector<TokenOutcome> outcomes_;
  Claims claims_;
  std::unique_ptr<Provider> provider_;
  const TokenSigner first_{Algorithm::kEs256, "first"};
  const TokenSigner second_{Algorithm::kEs256, "second"};
};

TEST_F(ProviderTest, DiscoversTheKeysForTheFirstToken) {
  Make();
  Verify(Token(first_));
  Verify(Token(first_));
  EXPECT_TRUE(outcomes_.empty());
  ReplyDiscovery();
  ReplyKeys(first_.Jwk());
  EXPECT_THAT(outcomes_, ElementsAre(TokenOutcome::kGood, TokenOutcome::kGood));
  ASSERT_EQ(orders_.size(), 2U);
  EXPECT_EQ(orders_[0].url, kIssuer + "/.well-known/openid-configuration");
  EXPECT_EQ(orders_[1].url, "https://id.example/keys");
  Verify(Token(first_));
  EXPECT_EQ(Last(), TokenOutcome::kGood);
  EXPECT_EQ(orders_.size(), 2U);
}

TEST_F(ProviderTest, AsksNobodyAboutATokenThatIsWrongAnyway) {
  Make();
  for (const std::string& token :
       {std::string("junk"), first_.Sign(GoodPayload({{"iss", R"("https://evil.example")"}})),
        first_.Sign(GoodPayload({{"exp", "1"}}))}) {
    Verify(token);
    EXPECT_EQ(Last(), TokenOutcome::kBad);
  }
  EXPECT_TRUE(orders_.empty());
}

TEST_F(ProviderTest, LearnsNewKeysAndForgetsOldOnes) {
  settings_.jwks_url = "https://id.example/fixed";
  Make();
  Verify(Token(first_));
  ReplyKeys(first_.Jwk());
  EXPECT_EQ(Last(), TokenOutcome::kGood);
  Verify(Token(second_));
  ReplyKeys(second_.Jwk());
  EXPECT_EQ(Last(), TokenOutcome::kGood);
  Verify(Token(first_));  // withdrawn, and asked for too soon again
  EXPECT_EQ(Last(), TokenOutcome::kBad);
  EXPECT_EQ(orders_.size(), 2U);
}

TEST_F(ProviderTest, IsNotFloodedByInventedKeys) {
  settings_.jwks_url = "https://id.example/fixed";
  Make();
  Verify(Token(first_));
  ReplyKeys(first_.Jwk());
  for (int i = 0; i < 50; ++i) {
    Verify(first_.Sign("{\"alg\":\"ES256\",\"kid\":\"" + std::to_string(i) + "\"}", GoodPayload()));
  }
  ASSERT_EQ(orders_.size(), 2U);
  ReplyKeys(first_.Jwk());
  EXPECT_EQ(outcomes_.size(), 51U);
  EXPECT_EQ(Last(), TokenOutcome::kBad);
  Advance(seconds(59));
  Verify(Token(second_));
  EXPECT_EQ(orders_.size(), 2U);
  Advance(seconds(1));
  Verify(Token(second_));
  EXPECT_EQ(orders_.size(), 3U);
}

TEST_F(ProviderTest, KeepsItsKeysThroughAnOutageUpToTheirAge) {
  settings_.jwks_url = "https://id.example/fixed";
  settings_.jwks_max_age = std::chrono::hours(2);
  Make();
  Verify(Token(first_));
  ReplyKeys(first_.Jwk());
  Advance(seconds(3600));
  Verify(Token(first_));  // at once, while the keys are fetched again behind it
  EXPECT_EQ(Last(), TokenOutcome::kGood);
  ASSERT_EQ(orders_.size(), 2U);
  Reply(503, "");
  Advance(seconds(3600));
  Verify(Token(first_));
  EXPECT_EQ(Last(), TokenOutcome::kGood);
  Reply(0, "");
  Advance(seconds(1));
  outcomes_.clear();
  Verify(Token(first_));
  EXPECT_TRUE(outcomes_.empty());
  Reply(0, "");
  EXPECT_EQ(Last(), TokenOutcome::kSilent);
  Verify(Token(first_));  // not asked again at once
  EXPECT_EQ(Last(), TokenOutcome::kSilent);
  EXPECT_EQ(orders_.size(), 4U);
  Advance(seconds(1));
  Verify(Token(first_));
  ReplyKeys(first_.Jwk());
  EXPECT_EQ(Last(), TokenOutcome::kGood);
}

TEST_F(ProviderTest, KeepsItsKeysWhereTheNewSetIsEmptyOrJunk) {
  settings_.jwks_url = "https://id.example/fixed";
  Make();
  Verify(Token(first_));
  ReplyKeys(first_.Jwk());
  for (const char* junk : {R"({"keys":[]})", "<html>", R"({"keys":[{"kid":"x","kty":"oct"}]})"}) {
    Advance(seconds(60));
    Verify(Token(second_));
    Reply(200, junk);
    EXPECT_EQ(Last(), TokenOutcome::kSilent) << junk;
    Verify(Token(first_));
    EXPECT_EQ(Last(), TokenOutcome::kGood) << junk;
  }
  EXPECT_EQ(warnings_.size(), 3U);
}

TEST_F(ProviderTest, BelievesNoDiscoveryOfAnotherIssuer) {
  Make();
  Verify(Token(first_));
  Reply(200, R"({"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"})");
  EXPECT_EQ(Last(), TokenOutcome::kSilent);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("another issuer")));
  Advance(seconds(1));
  Verify(Token(first_));
  Reply(200, R"({"issuer":")" + kIssuer + R"(","jwks_uri":"http://id.example/keys"})");
  EXPECT_EQ(Last(), TokenOutcome::kSilent);
  EXPECT_THAT(warnings_.back(), HasSubstr("no https URL"));
  EXPECT_EQ(orders_.size(), 2U);
}

class UmaTest : public ProviderTest {
 protected:
  UmaTest() {
    settings_.uma.enabled = true;
    settings_.uma.require[config::IndexOf(config::AccessGroup::kWrite)] =
        config::Permission{"metrics", "metrics:write"};
    Make();
    token_ = Token(first_);
    Verify(token_);
    ReplyDiscovery();
    ReplyKeys(first_.Jwk());
  }
  void Ask(config::AccessGroup group) {
    provider_->AskPermission(token_, claims_, group,
                             [this](TokenOutcome outcome) { outcomes_.push_back(outcome); });
  }
  TokenOutcome AnswerTo(int status, const std::string& body,
                        config::AccessGroup group = config::AccessGroup::kWrite) {
    Advance(seconds(31));  // what was kept is old
    Ask(group);
    Reply(status, body);
    return Last();
  }
  std::string token_;
};

constexpr auto kWrite = config::AccessGroup::kWrite;
constexpr auto kRead = config::AccessGroup::kRead;

TEST_F(UmaTest, SendsTheCallersTokenAndAsksForTheList) {
  Ask(kWrite);
  const FetchOrder& order = orders_.back();
  EXPECT_EQ(order.url, "https://id.example/token");
  EXPECT_EQ(order.bearer, token_);
  EXPECT_EQ(order.form,
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Auma-ticket&audience=promtally"
            "&response_mode=permissions");
}

TEST_F(UmaTest, HonoursWhatKeycloakAnswers) {
  const std::string both =
      R"([{"scopes":["metrics:write","metrics:read"],"rsid":"61592142","rsname":"metrics"}])";
  const std::string reads = R"([{"scopes":["metrics:read"],"rsid":"61592142","rsname":"metrics"}])";
  EXPECT_EQ(AnswerTo(200, both), TokenOutcome::kGood);
  EXPECT_EQ(AnswerTo(200, reads), TokenOutcome::kForbidden);
  EXPECT_EQ(AnswerTo(200, reads, kRead), TokenOutcome::kGood);
  EXPECT_EQ(AnswerTo(200, R"([{"rsid":"80dbd744","rsname":"metrics"}])"), TokenOutcome::kForbidden);
  EXPECT_EQ(AnswerTo(200, R"([{"rsid":"80dbd744","rsname":"noscope"}])", kRead),
            TokenOutcome::kForbidden);
  EXPECT_EQ(AnswerTo(200, R"([{"scopes":["metrics:write"],"rsid":"1","rsname":"other"}])"),
            TokenOutcome::kForbidden);
  EXPECT_EQ(AnswerTo(200, R"([{"scopes":["metrics:writer","metrics:WRITE"],"rsname":"metrics"}])"),
            TokenOutcome::kForbidden);
  EXPECT_EQ(AnswerTo(200, "[]", kRead), TokenOutcome::kForbidden);
  EXPECT_EQ(AnswerTo(403, R"({"error":"access_denied","error_description":"not_authorized"})"),
            TokenOutcome::kForbidden);
  EXPECT_EQ(
      AnswerTo(400, R"({"error":"invalid_grant","error_description":"Invalid bearer token"})"),
      TokenOutcome::kForbidden);
  EXPECT_EQ(
      AnswerTo(401, R"({"error":"invalid_grant","error_description":"Invalid bearer token"})"),
      TokenOutcome::kBad);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(UmaTest, TakesNoOtherAnswerForOne) {
  EXPECT_EQ(AnswerTo(200, R"({"result":true})"), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(200, ""), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(200, R"(["metrics#metrics:write"])"), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(204, ""), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(302, ""), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(401, R"({"error":"invalid_client"})"), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(404, R"({"error":"Realm does not exist"})"), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(500, R"({"error":"unknown_error"})"), TokenOutcome::kSilent);
  EXPECT_EQ(AnswerTo(0, ""), TokenOutcome::kSilent);
  EXPECT_FALSE(warnings_.empty());
}

TEST_F(UmaTest, KeepsAnAnswerForAWhileAndForAllGroups) {
  const std::size_t before = orders_.size();
  Ask(kWrite);
  Ask(kRead);  // one question for both
  EXPECT_EQ(orders_.size(), before + 1);
  Reply(200, R"([{"scopes":["metrics:read"],"rsname":"metrics"}])");
  EXPECT_THAT(outcomes_,
              ElementsAre(TokenOutcome::kGood, TokenOutcome::kForbidden, TokenOutcome::kGood));
  Advance(seconds(29));
  Ask(kRead);
  EXPECT_EQ(orders_.size(), before + 1);
  EXPECT_EQ(Last(), TokenOutcome::kGood);
  Advance(seconds(1));
  Ask(kRead);
  EXPECT_EQ(orders_.size(), before + 2);
}

TEST_F(UmaTest, KeepsNoRefusal) {
  Ask(kWrite);
  Reply(403, R"({"error":"access_denied"})");
  Ask(kWrite);
  Reply(200, R"([{"scopes":["metrics:write"],"rsname":"metrics"}])");
  EXPECT_EQ(Last(), TokenOutcome::kGood);
}

}  // namespace
}  // namespace promtally::web
