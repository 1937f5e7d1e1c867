// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/running_server.h"
#include "web/server.h"

namespace promtally::web {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

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
