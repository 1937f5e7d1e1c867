// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <atomic>
#include <cstdlib>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "net/url.h"
#include "support/fake_server.h"
#include "unit/net/exchange.h"

namespace promtally::net {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;

FakeServer::Script Always(Reply reply) {
  return [reply = std::move(reply)](const SeenRequest&) { return reply; };
}

TEST(HttpClient, GetsStatusHeadersAndBody) {
  FakeServer server(Always(Reply::Of(200, "hello", {{"X-Thing", " a b "}, {"DATE", "then"}})));
  HttpClient client({});
  const Exchange exchange = Fetch(client, Get(server.url() + "/path?x=1"));
  EXPECT_EQ(exchange.response.error, TransferError::kNone);
  EXPECT_EQ(exchange.response.status, 200);
  EXPECT_EQ(exchange.body, "hello");
  EXPECT_EQ(exchange.response.body_bytes, 5U);
  EXPECT_GT(exchange.response.wall.count(), 0);
  ASSERT_NE(exchange.response.Header("x-thing"), nullptr);
  EXPECT_EQ(*exchange.response.Header("x-thing"), "a b");
  EXPECT_EQ(*exchange.response.Header("date"), "then");
  EXPECT_EQ(exchange.response.Header("absent"), nullptr);
  const SeenRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/path?x=1");
  EXPECT_TRUE(seen.Header("user-agent").starts_with("promtally/"));
  EXPECT_EQ(seen.Header("accept-encoding"), "");
}

TEST(HttpClient, PostsAFormWithoutWaitingForContinue) {
  FakeServer server(Always(Reply::Of(200, "")));
  HttpClient client({});
  HttpRequest request = Get(server.url());
  request.form_body = "query=" + FormEncode(std::string(5000, '+') + " \"{}\"\n\xc3\xa9");
  EXPECT_EQ(Fetch(client, request).response.status, 200);
  const SeenRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.Header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(seen.Header("expect"), "");
  EXPECT_EQ(seen.Field("query"), std::string(5000, '+') + " \"{}\"\n\xc3\xa9");
}

TEST(HttpClient, ReusesOneConnectionForRequestsInARow) {
  FakeServer server(Always(Reply::Of(200, "ok")));
  HttpClient client({});
  for (int request = 0; request < 5; ++request) {
    EXPECT_EQ(Fetch(client, Get(server.url())).body, "ok");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, AsksAgainOnANewConnectionWhenAKeptOneWasClosed) {
  FakeServer server(Always(Reply::Of(200, "ok").Then(Reply::End::kClose)));
  HttpClient client({});
  for (int request = 0; request < 3; ++request) {
    EXPECT_EQ(Fetch(client, Get(server.url())).response.error, TransferError::kNone);
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST(HttpClient, TellsARefusedConnectionFromACutAnswer) {
  std::string closed_url;
  {
    FakeServer gone(Always(Reply::Of(200, "")));
    closed_url = gone.url();
  }
  HttpClient client({});
  const Exchange refused = Fetch(client, Get(closed_url));
  EXPECT_EQ(refused.response.error, TransferError::kConnect);
  EXPECT_FALSE(refused.response.error_text.empty());

  const Reply whole = Reply::Of(200, "0123456789");
  const std::size_t head = whole.bytes.size() - 10;
  FakeServer server(Always(whole.CutAfter(head - 1)));
  EXPECT_EQ(Fetch(client, Get(server.url())).response.error, TransferError::kConnect);
  for (const auto end : {Reply::End::kClose, Reply::End::kReset}) {
    server.SetScript(Always(whole.CutAfter(head + 9, end)));
    const Exchange cut = Fetch(client, Get(server.url()));
    EXPECT_EQ(cut.response.error, TransferError::kIncompleteBody) << cut.response.error_text;
    EXPECT_EQ(cut.response.status, 200);
  }
}

TEST(HttpClient, CallsAChunkedBodyWithoutItsEndIncomplete) {
  FakeServer server(Always(Reply::Chunked(200, {"abc", std::string(300, 'd')})));
  HttpClient client({});
  EXPECT_EQ(Fetch(client, Get(server.url())).body, "abc" + std::string(300, 'd'));
  server.SetScript(Always(Reply::Chunked(200, {"abc"}, false)));
  EXPECT_EQ(Fetch(client, Get(server.url())).response.error, TransferError::kIncompleteBody);
  server.SetScript(
      Always(Reply::Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc")));
  EXPECT_EQ(Fetch(client, Get(server.url())).response.error, TransferError::kIncompleteBody);
}

TEST(HttpClient, SkipsAnInterimAnswer) {
  FakeServer server(Always(Reply::Raw("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" +
                                      Reply::Of(200, "body", {{"X-Late", "2"}}).bytes)));
  HttpClient client({});
  const Exchange exchange = Fetch(client, Get(server.url()));
  EXPECT_EQ(exchange.response.status, 200);
  EXPECT_EQ(exchange.body, "body");
  EXPECT_EQ(exchange.response.Header("x-early"), nullptr);
  EXPECT_NE(exchange.response.Header("x-late"), nullptr);
}

TEST(HttpClient, TimesOutBeforeAndWithinTheBody) {
  FakeServer server(Always(Reply::Of(200, "late").After(std::chrono::minutes(5))));
  HttpClient client({});
  HttpRequest request = Get(server.url());
  request.timeout = base::Milliseconds(100);
  EXPECT_EQ(Fetch(client, request).response.error, TransferError::kTimeout);
  server.SetScript(Always(Reply::Of(200, "0123456789").CutAfter(45, Reply::End::kStall)));
  EXPECT_EQ(Fetch(client, request).response.error, TransferError::kTimeout);
}

TEST(HttpClient, StopsAtTheByteLimitWhetherAnnouncedOrNot) {
  const std::string body(200000, 'x');
  FakeServer server(Always(Reply::Of(200, body)));
  HttpClient client({});
  HttpRequest request = Get(server.url());
  request.byte_limit = body.size();
  EXPECT_EQ(Fetch(client, request).body, body);
  request.byte_limit = body.size() - 1;
  EXPECT_EQ(Fetch(client, request).response.error, TransferError::kTooLarge);
  server.SetScript(Always(Reply::Chunked(200, {body})));
  const Exchange exchange = Fetch(client, request);
  EXPECT_EQ(exchange.response.error, TransferError::kTooLarge);
  EXPECT_LE(exchange.body.size(), request.byte_limit);
}

TEST(HttpClient, EndsWhenTheSinkRefuses) {
  FakeServer server(Always(Reply::Of(200, std::string(100000, 'x'))));
  HttpClient client({});
  const Exchange exchange = Fetch(client, Get(server.url()), std::make_unique<TextSink>(1000));
  EXPECT_EQ(exchange.response.error, TransferError::kAborted);
}

TEST(HttpClient, RefusesAHeaderOver64KiB) {
  FakeServer server(Always(Reply::Of(200, "x",
                                     {{"A", std::string(30000, 'a')},
                                      {"B", std::string(30000, 'b')},
                                      {"C", std::string(6000, 'c')}})));
  HttpClient client({});
  const Exchange exchange = Fetch(client, Get(server.url()));
  EXPECT_EQ(exchange.response.error, TransferError::kConnect);
  EXPECT_NE(exchange.response.error_text.find("64 KiB"), std::string::npos);
}

TEST(HttpClient, RefusesWhatIsNoHttpUrl) {
  HttpClient client({});
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/", "http://", "no url"}) {
    const Exchange exchange = Fetch(client, Get(url));
    EXPECT_EQ(exchange.response.error, TransferError::kConnect) << url;
    EXPECT_TRUE(exchange.body.empty());
  }
}

TEST(HttpClient, IgnoresTheProxyEnvironmentUnlessToldTo) {
  FakeServer proxy(Always(Reply::Of(200, "proxy")));
  FakeServer server(Always(Reply::Of(200, "server")));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::unsetenv("no_proxy");
  HttpClient direct({});
  EXPECT_EQ(Fetch(direct, Get(server.url())).body, "server");
  config::HttpClientSettings settings;
  settings.proxy_from_environment = true;
  HttpClient by_environment(settings);
  EXPECT_EQ(Fetch(by_environment, Get(server.url())).body, "proxy");
  ::unsetenv("http_proxy");
  settings.proxy_from_environment = false;
  settings.proxy_url = proxy.url();
  HttpClient by_settings(settings);
  EXPECT_EQ(Fetch(by_settings, Get(server.url())).body, "proxy");
  settings.no_proxy = "127.0.0.1";
  HttpClient excepted(settings);
  EXPECT_EQ(Fetch(excepted, Get(server.url())).body, "server");
}

TEST(HttpClient, CancelsOneRequestAndLeavesTheOthers) {
  FakeServer server([](const SeenRequest& request) {
    const Reply reply = Reply::Of(200, "ok");
    return request.target == "/stuck" ? reply.After(std::chrono::minutes(5)) : reply;
  });
  HttpClient client({});
  std::promise<TransferError> ended;
  const std::uint64_t id = client.Send(
      Get(server.url() + "/stuck"), nullptr,
      [&](HttpResponse response, std::unique_ptr<BodySink>) { ended.set_value(response.error); });
  ASSERT_TRUE(server.WaitForRequests(1));
  client.Cancel(id);
  EXPECT_EQ(ended.get_future().get(), TransferError::kCancelled);
  client.Cancel(id);
  client.Cancel(987654);
  EXPECT_EQ(Fetch(client, Get(server.url())).body, "ok");
}

TEST(HttpClient, CallsEachCompletionOnceWhenItIsDestroyed) {
  FakeServer server(Always(Reply::Of(200, "ok").After(std::chrono::minutes(5))));
  std::atomic<int> cancelled = 0;
  {
    HttpClient client({});
    for (int request = 0; request < 10; ++request) {
      client.Send(Get(server.url()), nullptr, [&](HttpResponse first, std::unique_ptr<BodySink>) {
        cancelled += first.error == TransferError::kCancelled ? 1 : 0;
        client.Send(Get(server.url()), nullptr,
                    [&](HttpResponse second, std::unique_ptr<BodySink>) {
                      cancelled += second.error == TransferError::kCancelled ? 1 : 0;
                    });
      });
    }
  }
  EXPECT_EQ(cancelled, 20);
}

TEST(Url, EncodesEveryByteOfAFormValueThatCouldMeanSomething) {
  EXPECT_EQ(FormEncode("a b+c&d=e%f;\"\n"), "a+b%2Bc%26d%3De%25f%3B%22%0A");
  EXPECT_EQ(FormEncode("AZaz09-_.*"), "AZaz09-_.*");
  EXPECT_EQ(FormEncode(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(Url, KnowsLoopbackHosts) {
  for (const char* url :
       {"http://localhost:9090", "http://LOCALHOST/x", "http://127.0.0.1", "https://127.9.9.9:1/",
        "http://[::1]:9090/", "http://user:p@localhost"}) {
    EXPECT_TRUE(IsLoopbackUrl(url)) << url;
  }
  for (const char* url : {"http://prometheus:9090", "http://10.0.0.1", "http://127.0.0.1.example",
                          "http://localhost.example", "nonsense"}) {
    EXPECT_FALSE(IsLoopbackUrl(url)) << url;
  }
}

}  // namespace
}  // namespace promtally::net
