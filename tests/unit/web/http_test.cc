// SPDX-License-Identifier: Apache-2.0
#include "web/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::web {
namespace {

using testing::HasSubstr;
using testing::Not;

Framing At(std::int64_t seconds) {
  Framing framing;
  framing.now = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  return framing;
}

TEST(HttpHead, HoldsStatusDateTypeAndLength) {
  Response response = TextResponse(200, "abc");
  response.body.push_back(std::make_shared<const std::string>("de"));
  EXPECT_EQ(RenderHead(response, At(1795341870)),
            "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:04:30 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
}

TEST(HttpHead, KeepsControlCharactersOfValuesOutOfTheHeader) {
  Response response;
  response.headers.emplace_back("X-Name", "a\r\nSet-Cookie: b");
  EXPECT_THAT(RenderHead(response, At(0)), HasSubstr("X-Name: a  Set-Cookie: b\r\n\r\n"));
}

TEST(HttpHead, SaysHowTheConnectionGoesOn) {
  Framing framing;
  EXPECT_THAT(RenderHead(Response(), framing), Not(HasSubstr("Connection")));
  framing.http_1_0 = true;
  EXPECT_THAT(RenderHead(Response(), framing), HasSubstr("Connection: keep-alive\r\n"));
  framing.keep_alive = false;
  EXPECT_THAT(RenderHead(Response(), framing), HasSubstr("Connection: close\r\n"));
}

TEST(HttpRequest, FindsHeadersWhateverTheirCase) {
  Request request;
  request.headers = {{"Accept-Encoding", "gzip"}};
  ASSERT_NE(FindHeader(request, "accept-encoding"), nullptr);
  EXPECT_EQ(*FindHeader(request, "ACCEPT-ENCODING"), "gzip");
  EXPECT_EQ(FindHeader(request, "Accept"), nullptr);
}

}  // namespace
}  // namespace promtally::web
