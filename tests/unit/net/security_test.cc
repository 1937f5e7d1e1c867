// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "support/fake_server.h"
#include "support/temp_folder.h"
#include "unit/net/exchange.h"

namespace promtally::net {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;

Reply Redirect(int status, const std::string& to) {
  return Reply::Of(status, "moved body", {{"Location", to}});
}

/// What `zeros` zeros are in gzip's format.
std::string GzippedZeros(std::size_t zeros) {
  const std::string command = "head -c " + std::to_string(zeros) + " /dev/zero | gzip -9";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             &::pclose);
  std::string packed;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    packed += static_cast<char>(c);
  }
  return packed;
}

class HttpSecurity : public testing::Test {
 protected:
  FakeServer server_{[](const SeenRequest&) { return Reply::Of(200, "ok"); }};

  SeenRequest SeenWith(const config::HttpClientSettings& settings) {
    HttpClient client(settings);
    EXPECT_EQ(Fetch(client, Get(server_.url())).response.error, TransferError::kNone);
    return server_.requests().back();
  }
};

TEST_F(HttpSecurity, ShowsNoCredentialsWithoutSettings) {
  EXPECT_EQ(SeenWith({}).Header("authorization"), "");
}

TEST_F(HttpSecurity, SendsBasicCredentialsAtOnce) {
  config::HttpClientSettings settings;
  settings.username = "user";
  settings.password.value = "pass:word";
  EXPECT_EQ(SeenWith(settings).Header("authorization"), "Basic dXNlcjpwYXNzOndvcmQ=");
}

TEST_F(HttpSecurity, ReadsARotatedTokenFileAtEachRequest) {
  const test::TempFolder folder;
  config::HttpClientSettings settings;
  settings.credentials.file = folder.path() / "token";
  HttpClient client(settings);
  for (const char* token : {"first", "second"}) {
    std::ofstream(settings.credentials.file) << token << "\r\n";
    EXPECT_EQ(Fetch(client, Get(server_.url())).body, "ok");
    EXPECT_EQ(server_.requests().back().Header("authorization"), std::string("Bearer ") + token);
  }
  std::filesystem::remove(settings.credentials.file);
  const Exchange exchange = Fetch(client, Get(server_.url()));
  EXPECT_EQ(exchange.response.error, TransferError::kConnect);
  EXPECT_NE(exchange.response.error_text.find("token: No such file"), std::string::npos);
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(HttpSecurity, RefusesASecretThatWouldBeginAnotherHeader) {
  config::HttpClientSettings settings;
  settings.authorization_type = "Token";
  settings.credentials.value = "hidden\r\nX-Admin: 1";
  HttpClient client(settings);
  const Exchange exchange = Fetch(client, Get(server_.url()));
  EXPECT_EQ(exchange.response.error, TransferError::kConnect);
  EXPECT_EQ(exchange.response.error_text.find("hidden"), std::string::npos);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(HttpSecurity, SendsCustomHeadersAnEmptyOneIncluded) {
  config::HttpClientSettings settings;
  settings.headers = {{"X-Scope-OrgID", "t1|t2"}, {"X-Empty", ""}};
  const SeenRequest seen = SeenWith(settings);
  EXPECT_EQ(seen.Header("x-scope-orgid"), "t1|t2");
  EXPECT_EQ(seen.headers.count("x-empty"), 1U);
}

TEST_F(HttpSecurity, DoesNotFollowARedirectUnlessAllowed) {
  const std::string target = server_.url() + "/next";
  FakeServer first([&](const SeenRequest&) { return Redirect(302, target); });
  HttpClient client({});
  const Exchange exchange = Fetch(client, Get(first.url()));
  EXPECT_EQ(exchange.response.error, TransferError::kNone);
  EXPECT_EQ(exchange.response.status, 302);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(HttpSecurity, FollowsARedirectWithTheFormButNotWithCredentialsToAnotherPort) {
  const std::string target = server_.url() + "/next";
  FakeServer first([&](const SeenRequest& request) {
    return Redirect(301, request.target == "/" ? "/again" : target);
  });
  config::HttpClientSettings settings;
  settings.follow_redirects = true;
  settings.credentials.value = "token";
  settings.headers = {{"X-Api-Key", "key"}};
  HttpClient client(settings);
  HttpRequest request = Get(first.url());
  request.form_body = "query=up";
  const Exchange exchange = Fetch(client, request);
  EXPECT_EQ(exchange.body, "ok");
  EXPECT_EQ(exchange.response.body_bytes, 2U);
  ASSERT_EQ(first.requests().size(), 2U);
  EXPECT_EQ(first.requests()[1].Header("authorization"), "Bearer token");
  EXPECT_EQ(first.requests()[1].Header("x-api-key"), "key");
  const SeenRequest seen = server_.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/next");
  EXPECT_EQ(seen.body, "query=up");
  EXPECT_EQ(seen.Header("authorization"), "");
  EXPECT_EQ(seen.Header("x-api-key"), "");
}

TEST_F(HttpSecurity, FollowsThreeRedirectsAndNoOtherProtocol) {
  server_.SetScript([](const SeenRequest&) { return Redirect(307, "/loop"); });
  config::HttpClientSettings settings;
  settings.follow_redirects = true;
  HttpClient client(settings);
  const Exchange loop = Fetch(client, Get(server_.url()));
  EXPECT_EQ(loop.response.status, 307);
  EXPECT_EQ(server_.requests().size(), 4U);
  server_.SetScript([](const SeenRequest&) { return Redirect(302, "file:///etc/passwd"); });
  const Exchange other = Fetch(client, Get(server_.url()));
  EXPECT_EQ(other.response.status, 302);
  EXPECT_EQ(server_.requests().size(), 5U);
}

TEST_F(HttpSecurity, UnpacksWhatItAskedForAndStopsABomb) {
  const std::string small = GzippedZeros(900000);
  const std::string bomb = GzippedZeros(40000000);
  server_.SetScript([&](const SeenRequest& request) {
    return Reply::Of(200, request.target == "/bomb" ? bomb : small, {{"Content-Encoding", "gzip"}});
  });
  HttpClient client({});
  HttpRequest request = Get(server_.url() + "/small");
  request.accept_compression = true;
  EXPECT_EQ(Fetch(client, request).body, std::string(900000, '\0'));
  EXPECT_EQ(server_.requests().back().Header("accept-encoding"), "gzip");
  request.url = server_.url() + "/bomb";
  const Exchange exchange = Fetch(client, request);
  EXPECT_EQ(exchange.response.error, TransferError::kTooLarge);
  EXPECT_LT(exchange.body.size(), 8U << 20U);
}

}  // namespace
}  // namespace promtally::net
