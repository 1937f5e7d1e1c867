// SPDX-License-Identifier: Apache-2.0
#include "web/server.h"

#include <mutex>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/running_server.h"

namespace promtally::web {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(Server, AnswersAGet) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send(Get("/a/b?x=1%20y"));
  const std::string response = client.ReadResponse();
  EXPECT_THAT(response, testing::StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_EQ(BodyOf(response), "GET /a/b query=x=1%20y");
}

TEST(Server, KeepsAConnectionForTheNextRequest) {
  RunningServer server(Echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(Get("/" + std::to_string(i)));
    EXPECT_EQ(BodyOf(client.ReadResponse()), "GET /" + std::to_string(i));
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send(Get("/1") + "POST /2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" +
              Get("/3"));
  EXPECT_EQ(BodyOf(client.ReadResponse()), "GET /1");
  EXPECT_EQ(BodyOf(client.ReadResponse()), "POST /2 body=abc");
  EXPECT_EQ(BodyOf(client.ReadResponse()), "GET /3");
}

TEST(Server, AnswersHeadWithTheLengthButWithoutTheBody) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n" + Get("/y"));
  const std::string head = client.ReadResponse(false);
  EXPECT_THAT(head, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_EQ(BodyOf(client.ReadResponse()), "GET /y");
}

TEST(Server, ClosesWhenAskedTo) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send(Get("/", "Connection: close\r\n"));
  client.EndSending();
  bool closed = false;
  const std::string response = client.ReadToEnd(&closed);
  EXPECT_TRUE(closed);
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
}

TEST(Server, EndsAnOldConnectionUnlessItAsksToStay) {
  RunningServer server(Echo);
  RawClient leaving(server.port());
  leaving.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(leaving.ReadResponse(), HasSubstr("Connection: close\r\n"));
  RawClient staying(server.port());
  staying.Send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(staying.ReadResponse(), HasSubstr("Connection: keep-alive\r\n"));
  staying.Send("GET /2 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(BodyOf(staying.ReadResponse()), "GET /2");
}

TEST(Server, ReadsAChunkedBody) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send(
      "POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadResponse()), "POST /p body=abcde");
}

TEST(Server, BoundsTheTrailersOfAChunkedBody) {
  ServerLimits limits;
  limits.body_bytes = 1000;
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send(kPost + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n");
  for (int i = 0; i < 1000; ++i) {
    client.Send("X: " + std::string(60, 'a') + "\r\n");
  }
  client.EndSending();
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 413);
}

TEST(Server, TellsAClientThatWaitsToGoOn) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send(
      "POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ab");
  EXPECT_EQ(BodyOf(client.ReadResponse()), "POST /p body=ab");
}

TEST(Server, SendsABodyOfManyPieces) {
  const auto piece = std::make_shared<const std::string>("0123456789");
  RunningServer server([piece](const Request&) {
    Response response;
    response.body.assign(10000, piece);
    return response;
  });
  RawClient client(server.port());
  client.Send(Get("/"));
  const std::string body = BodyOf(client.ReadResponse());
  ASSERT_EQ(body.size(), 100000U);
  EXPECT_THAT(body, EndsWith("01234567890123456789"));
}

TEST(Server, TakesAnAbsoluteTarget) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send("GET http://localhost:1/a?b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadResponse()), "GET /a query=b");
}

struct Refusal {
  const char* what;
  std::string request;
  int status;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.what; }

class ServerRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(ServerRefuses, WithAnAnswerAndTheEndOfTheConnection) {
  RunningServer server(Echo);
  RawClient client(server.port());
  // The second request must never be read as one of its own.
  client.Send(GetParam().request + Get("/smuggled"));
  client.EndSending();
  bool closed = false;
  const std::string response = client.ReadToEnd(&closed);
  EXPECT_EQ(StatusOf(response), GetParam().status) << response;
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(response, Not(HasSubstr("smuggled")));
  EXPECT_TRUE(closed);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, ServerRefuses,
    testing::Values(
        Refusal{"garbage", "\x16\x03\x01garbage\r\n\r\n", 400},
        Refusal{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Refusal{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"two Hosts", Get("/", "Host: localhost\r\n"), 400},
        Refusal{"a target without a slash", "GET x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        Refusal{"two lengths", kPost + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400},
        Refusal{"one length twice", kPost + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
        Refusal{"length then coding",
                kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"coding then length",
                kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
        Refusal{"another coding", kPost + "Transfer-Encoding: gzip\r\n\r\n", 400},
        Refusal{"two codings", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"chunked under HTTP/1.0",
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"a bad chunk", kPost + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n", 400},
        Refusal{"a blank before the colon", kPost + "Content-Length : 1\r\n\r\na", 400},
        Refusal{"a line that ends with a bare LF",
                "GET / HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n", 400},
        Refusal{"a request line that ends with a bare LF",
                "GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400},
        Refusal{"a bare CR", Get("/", "X: a\rb\r\n"), 400},
        Refusal{"a NUL", Get("/", std::string("X: a\0b\r\n", 8)), 400},
        Refusal{"a folded header", Get("/", "X: a\r\n b\r\n"), 400},
        Refusal{"a folded length", kPost + "Content-Length:\r\n 1\r\n\r\na", 400},
        Refusal{"a fold before the first header", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
                400},
        Refusal{"a tab before the colon", kPost + "Content-Length\t: 1\r\n\r\na", 400},
        Refusal{"a header without a name", Get("/", ": a\r\n"), 400},
        Refusal{"a header without a colon", Get("/", "Content-Length 1\r\n"), 400},
        Refusal{"a signed length", kPost + "Content-Length: +1\r\n\r\na", 400},
        Refusal{"a negative length", kPost + "Content-Length: -1\r\n\r\na", 400},
        Refusal{"a hexadecimal length", kPost + "Content-Length: 0x1\r\n\r\na", 400},
        Refusal{"a list of lengths", kPost + "Content-Length: 1, 1\r\n\r\na", 400},
        Refusal{"an empty length", kPost + "Content-Length: \r\n\r\n", 400},
        Refusal{"a length beyond numbers", kPost + "Content-Length: 18446744073709551617\r\n\r\na",
                400},
        Refusal{"a disguised length", kPost + "Content_Length: 1\r\n\r\na", 400},
        Refusal{"a disguised coding", kPost + "Transfer_Encoding: chunked\r\n\r\n", 400},
        Refusal{"a disguised forwarding header", Get("/", "X_Forwarded-For: 127.0.0.1\r\n"), 400},
        Refusal{"a quoted coding", kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
        Refusal{"a coding behind a tab",
                kPost + "Transfer-Encoding: \x0b"
                        "chunked\r\n\r\n0\r\n\r\n",
                400},
        Refusal{"a chunk that ends with a bare LF",
                kPost + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
        Refusal{"a chunk size with a prefix",
                kPost + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400},
        Refusal{"a chunk longer than it says",
                kPost + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
        Refusal{"a chunk size beyond numbers",
                kPost + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n",
                400},
        Refusal{"two blanks in the request line", "GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                400},
        Refusal{"HTTP/0.9", "GET /\r\n\r\n", 400},
        Refusal{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", 400},
        Refusal{"a large header", Get("/", "X: " + std::string(20000, 'a') + "\r\n"), 431},
        Refusal{"many headers",
                Get("/",
                    [] {
                      std::string headers;
                      for (int i = 0; i < 100; ++i) {
                        headers += "X: a\r\n";
                      }
                      return headers;
                    }()),
                431},
        Refusal{"a long URL", Get("/" + std::string(9000, 'a')), 414},
        Refusal{"a URL longer than a header", Get("/" + std::string(40000, 'a')), 414},
        Refusal{"a large announced body", kPost + "Content-Length: 1048577\r\n\r\n", 413},
        Refusal{"a large chunked body",
                kPost + "Transfer-Encoding: chunked\r\n\r\n200000\r\n" +
                    std::string(0x200000, 'a') + "\r\n0\r\n\r\n",
                413},
        Refusal{"a foreign Host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
        Refusal{"a foreign absolute target",
                "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 403}));

TEST(Server, TellsTheObserverOfEveryExchange) {
  std::mutex mutex;
  std::vector<Exchange> seen;
  {
    RunningServer server(Echo, {}, [&](const Exchange& exchange) {
      const std::lock_guard lock(mutex);
      seen.push_back(exchange);
    });
    RawClient client(server.port());
    client.Send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.ReadResponse(false);
    client.Send("GET / HTTP/1.1\r\nHost: evil\r\n\r\n");
    client.EndSending();
    client.ReadToEnd();
  }
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].method, "HEAD");
  EXPECT_EQ(seen[0].bytes, 0U);
  EXPECT_TRUE(seen[0].handled);
  EXPECT_EQ(seen[1].status, 403);
  EXPECT_FALSE(seen[1].handled);
}

}  // namespace
}  // namespace promtally::web
