// SPDX-License-Identifier: Apache-2.0
#include "web/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::web {
namespace {

using testing::HasSubstr;

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    const auto answer = [](const Call&) { return TextResponse(200, "here\n"); };
    router_.Add({"GET", "/api/v1/metrics", Group::kRead, ErrorStyle::kProblem, false, answer});
    router_.Add(
        {"GET", "/api/v1/metrics/{name}", Group::kRead, ErrorStyle::kProblem, false, answer});
    router_.Add(
        {"PUT", "/api/v1/metrics/{name}", Group::kWrite, ErrorStyle::kProblem, true, answer});
    router_.Add({"POST", "/create_metric", Group::kWrite, ErrorStyle::kDetail, false, answer});
    router_.AddAlias("/x/", "/create_metric");
  }

  static Request Ask(std::string method, std::string path, std::string content_type = "") {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    if (!content_type.empty()) {
      request.headers.emplace_back("content-type", std::move(content_type));
    }
    return request;
  }

  static std::string Body(const Response& response) { return *response.body.front(); }

  Router router_{"/p"};
};

TEST_F(RouterTest, FindsLiteralsAndDecodedParameters) {
  EXPECT_EQ(router_.Find(Ask("GET", "/p/api/v1/metrics")).route->path, "/api/v1/metrics");
  const auto match = router_.Find(Ask("HEAD", "/p/api/v1/metrics/a%2Fb%20%C3%A9"));
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.path.at("name"), "a/b \xC3\xA9");
}

TEST_F(RouterTest, TakesNoOtherPath) {
  for (const char* path : {"/api/v1/metrics", "/p/api/v1/metrics/", "/p/api/v1/metrics/a/b",
                           "/p/api/v1/metrics/%FF", "/p/api/v1/metrics/%4", "/p", "/p/"}) {
    const auto match = router_.Find(Ask("GET", path));
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.refusal.status, 404) << path;
    EXPECT_EQ(match.group, std::nullopt) << path;
  }
}

TEST_F(RouterTest, SaysWhichMethodsThereAre) {
  const auto match = router_.Find(Ask("DELETE", "/p/api/v1/metrics/a"));
  EXPECT_EQ(match.refusal.status, 405);
  EXPECT_EQ(match.refusal.headers.front(),
            (std::pair<std::string, std::string>{"Allow", "GET, HEAD, PUT"}));
  EXPECT_EQ(match.refusal.route, "/api/v1/metrics/{name}");
  EXPECT_EQ(match.refusal.content_type, "application/problem+json");
  EXPECT_EQ(Body(router_.Find(Ask("GET", "/p/x/")).refusal), R"({"detail":"Method Not Allowed"})");
}

TEST_F(RouterTest, WantsJsonForAChange) {
  for (const char* type :
       {"application/json", "application/json; charset=utf-8", "Application/vnd.x+JSON"}) {
    const auto match = router_.Find(Ask("PUT", "/p/api/v1/metrics/a", type));
    ASSERT_NE(match.route, nullptr) << type;
    EXPECT_EQ(match.group, Group::kWrite);
  }
  for (const char* type : {"", "text/plain", "application/+json", "application/jsonx"}) {
    const auto match = router_.Find(Ask("PUT", "/p/api/v1/metrics/a", type));
    EXPECT_EQ(match.refusal.status, 415) << type;
    EXPECT_THAT(Body(match.refusal), HasSubstr("Content-Type"));
  }
}

TEST(Problem, IsWrittenAsRfc9457WantsIt) {
  const Response response = ProblemResponse(409, "x \"y\"", {"a", "b\n"});
  EXPECT_EQ(*response.body.front(),
            R"({"type":"about:blank","title":"Conflict","status":409,"detail":"x \"y\"",)"
            R"("errors":["a","b\n"]})");
}

}  // namespace
}  // namespace promtally::web
