// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/running_server.h"
#include "web/server.h"

namespace promtally::web {
namespace {

using std::chrono::milliseconds;

TEST(ServerLimits, GivesUpOnAHeaderThatComesTooSlowly) {
  ServerLimits limits;
  limits.header_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 408);
}

TEST(ServerLimits, BoundsAHeaderThatComesInPieces) {
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

TEST(ServerLimits, AnswersTlsAtOnce) {
  RunningServer server(Echo);
  RawClient client(server.port());
  client.Send("\x16\x03\x01\x02");
  EXPECT_EQ(StatusOf(client.ReadResponse()), 400);
}

TEST(ServerLimits, ClosesAConnectionThatNeverSaysAnything) {
  ServerLimits limits;
  limits.header_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  bool closed = false;
  EXPECT_EQ(client.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
}

TEST(ServerLimits, GivesUpOnABodyThatComesTooSlowly) {
  ServerLimits limits;
  limits.body_timeout = milliseconds(50);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send(kPost + "Content-Length: 10\r\n\r\nabc");
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 408);
}

TEST(ServerLimits, ClosesAConnectionThatIsIdleForTooLong) {
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

TEST(ServerLimits, GivesUpOnTheNextHeaderSoonerThanOnAnIdleConnection) {
  ServerLimits limits;
  limits.header_timeout = milliseconds(50);
  limits.idle_timeout = limits.write_timeout = std::chrono::seconds(60);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  client.Send(Get("/"));
  EXPECT_EQ(StatusOf(client.ReadResponse()), 200);
  client.Send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(StatusOf(client.ReadToEnd()), 408);
}

TEST(ServerLimits, GivesEachRequestTheWholeTime) {
  ServerLimits limits;
  limits.header_timeout = milliseconds(300);
  RunningServer server(Echo, limits);
  RawClient client(server.port());
  const auto end = std::chrono::steady_clock::now() + 2 * limits.header_timeout;
  while (std::chrono::steady_clock::now() < end) {
    client.Send(Get("/"));
    ASSERT_EQ(StatusOf(client.ReadResponse()), 200);
  }
}

TEST(ServerLimits, CutsOffAClientThatDoesNotReadItsResponse) {
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

TEST(ServerLimits, AnswersOthersWhileOneClientIsSlow) {
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

TEST(ServerLimits, ServesTwoHundredConnectionsAtOnce) {
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

TEST(ServerLimits, RefusesConnectionsAboveTheLimit) {
  ServerLimits limits;
  limits.connections = 2;
  ExpectTheThirdToBeRefused(limits);
}

TEST(ServerLimits, RefusesConnectionsOfOneAddressAboveTheLimit) {
  ServerLimits limits;
  limits.connections_per_address = 2;
  ExpectTheThirdToBeRefused(limits);
}

}  // namespace
}  // namespace promtally::web
