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

// Says what it was asked.
Response Echo(const Request& request) {
  std::string text = request.method + " " + request.path;
  text += request.query.empty() ? "" : " query=" + request.query;
  text += request.body.empty() ? "" : " body=" + request.body;
  return TextResponse(200, text);
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: localhost\r\n";

constexpr std::size_t kLargeBytes = std::size_t{32} << 20;

// More than the sockets' buffers hold, so that a client that does not read keeps it running.
Response Large(const Request&) { return TextResponse(200, std::string(kLargeBytes, 'x')); }

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

TEST(Server, GivesUpOnAHeaderThatComesTooSlowly) {
  ServerLimits limits;
  limits.header_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 408);
}

TEST(Server, BoundsAHeaderThatComesInPieces) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  RawClient probe(server.port());
  for (int i = 0; i < 300; ++i) {
    client.Send("X: " + std::string(60, 'a') + "\r\n");
    probe.Send(Get("/"));  // its answer comes after the server has read the piece
    probe.ReadResponse();
  }
  client.EndSending();
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 431);
}

TEST(Server, AnswersTlsAtOnce) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send("\x16\x03\x01\x02");
  EXPECT_EQ(StatusOf(client.ReadResponse()), 400);
}

TEST(Server, ClosesAConnectionThatNeverSaysAnything) {
  ServerLimits limits;
  limits.header_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  bool closed = false;
  EXPECT_EQ(client.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
}

TEST(Server, GivesUpOnABodyThatComesTooSlowly) {
  ServerLimits limits;
  limits.body_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send(kPost + "Content-Length: 10\r\n\r\nabc");
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 408);
}

TEST(Server, ClosesAConnectionThatIsIdleForTooLong) {
  ServerLimits limits;
  limits.idle_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send(Get("/"));
  EXPECT_EQ(StatusOf(client.ReadResponse()), 200);
  bool closed = false;
  EXPECT_EQ(client.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
}

TEST(Server, CutsOffAClientThatDoesNotReadItsResponse) {
  ServerLimits limits;
  limits.write_timeout = milliseconds(50);
  std::promise<Exchange> over;
  RunningServer server(Large, limits, [&](const Exchange& exchange) { over.set_value(exchange); });
  RawClient client(server.port());
  client.Send(Get("/"));
  auto exchange = over.get_future();
  ASSERT_EQ(exchange.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_LT(client.ReadToEnd().size(), kLargeBytes);
}

TEST(Server, AnswersOthersWhileOneClientIsSlow) {
  RunningServer server([](const Request& request) {
    return request.path == "/large" ? Large(request) : Echo(request);
  });
  RawClient slow(server.port());
  slow.Send(Get("/large"));
  RawClient half(server.port());
  half.Send("GET / HT");
  RawClient quick(server.port());
  quick.Send(Get("/quick"));
  EXPECT_EQ(BodyOf(quick.ReadResponse()), "GET /quick");
  EXPECT_EQ(BodyOf(slow.ReadResponse()).size(), kLargeBytes);
}

TEST(Server, ServesTwoHundredConnectionsAtOnce) {
  ServerLimits limits;
  limits.connections_per_address = 0;
  RunningServer server(Echo, limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back(server.port());
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].Send(Get("/" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      ASSERT_EQ(BodyOf(clients[i].ReadResponse()), "GET /" + std::to_string(i));
    }
  }
}

void ExpectTheThirdToBeRefused(const ServerLimits& limits) {
  RunningServer server(Echo, limits);
  RawClient first(server.port());
  auto second = std::make_unique<RawClient>(server.port());
  first.Send(Get("/"));
  second->Send(Get("/"));
  EXPECT_EQ(StatusOf(first.ReadResponse()), 200);
  EXPECT_EQ(StatusOf(second->ReadResponse()), 200);
  RawClient third(server.port());
  third.Send(Get("/"));
  third.EndSending();
  EXPECT_EQ(StatusOf(third.ReadToEnd()), 503);
  first.Send(Get("/"));
  EXPECT_EQ(StatusOf(first.ReadResponse()), 200);

  // A place is free again when its connection is gone.
  second->Send(Get("/", "Connection: close\r\n"));
  second->EndSending();
  second->ReadToEnd();
  int status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i) {
    RawClient next(server.port());
    next.Send(Get("/"));
    status = StatusOf(next.ReadResponse());
  }
  EXPECT_EQ(status, 200);
}

TEST(Server, RefusesConnectionsAboveTheLimit) {
  ServerLimits limits;
  limits.connections = 2;
  ExpectTheThirdToBeRefused(limits);
}

TEST(Server, RefusesConnectionsOfOneAddressAboveTheLimit) {
  ServerLimits limits;
  limits.connections_per_address = 2;
  ExpectTheThirdToBeRefused(limits);
}

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

TEST(ServerStop, FinishesTheResponseThatIsBeingSent) {
  RunningServer server(Large);
  RawClient busy(server.port());
  busy.Send(Get("/"));
  RawClient idle(server.port());
  idle.Send(Get("/"));
  EXPECT_EQ(idle.ReadResponse().size() > kLargeBytes, true);

  auto stopped = server.Stop(std::chrono::seconds(10));
  bool closed = false;
  EXPECT_EQ(idle.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(BodyOf(busy.ReadResponse()).size(), kLargeBytes);
  busy.EndSending();
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(ServerStop, CutsOffWhatIsLeftAfterTheGrace) {
  RunningServer server(Large);
  RawClient busy(server.port());
  busy.Send(Get("/"));
  RawClient probe(server.port());
  probe.Send(Get("/"));
  probe.ReadResponse();
  auto stopped = server.Stop(milliseconds(50));
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_LT(busy.ReadToEnd().size(), kLargeBytes);
}

TEST(ServerStop, AcceptsNoMoreConnections) {
  RunningServer server(Echo);
  server.Stop(milliseconds(50)).wait();
  boost::asio::io_context loop;
  ServerOptions options;
  options.listen = {server.Authority()};
  Server successor(loop, options, Echo);
  EXPECT_TRUE(successor.Start());  // the port is free again
}

TEST(ServerStop, LeavesNothingThatKeepsTheLoopBusy) {
  boost::asio::io_context loop;
  ServerOptions options;
  options.listen = {"localhost:0"};
  Server server(loop, options, Echo);
  ASSERT_TRUE(server.Start());
  bool done = false;
  server.Stop(std::chrono::hours(1), [&] { done = true; });
  loop.run();
  EXPECT_TRUE(done);
}

TEST(ServerStart, TellsThePortThatItGot) {
  boost::asio::io_context loop;
  ServerOptions options;
  options.listen = {"localhost:0", ":0"};
  Server server(loop, options, Echo);
  ASSERT_TRUE(server.Start());
  ASSERT_GE(server.addresses().size(), 2U);
  EXPECT_THAT(server.addresses()[0], Not(EndsWith(":0")));
}

TEST(ServerStart, SaysWhichAddressIsTaken) {
  RunningServer other(Echo);
  boost::asio::io_context loop;
  ServerOptions options;
  options.listen = {"127.0.0.1:0", other.Authority()};
  Server server(loop, options, Echo);
  const auto started = server.Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::ErrorCode::kUnavailable);
  EXPECT_THAT(started.error().message, HasSubstr("listen on " + other.Authority()));
  EXPECT_TRUE(server.addresses().empty());
}

TEST(ServerStart, RefusesAnAddressWithoutAPort) {
  boost::asio::io_context loop;
  ServerOptions options;
  options.listen = {"localhost"};
  Server server(loop, options, Echo);
  const auto started = server.Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::ErrorCode::kParse);
}

}  // namespace
}  // namespace promtally::web
