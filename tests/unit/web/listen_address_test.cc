// SPDX-License-Identifier: Apache-2.0
#include "web/listen_address.h"

#include <gtest/gtest.h>

namespace promtally::web {
namespace {

TEST(ListenAddress, ReadsNamesAddressesAndPorts) {
  EXPECT_EQ(ParseListenAddress("localhost:9899")->host, "localhost");
  EXPECT_EQ(ParseListenAddress("localhost:9899")->port, 9899);
  EXPECT_EQ(ParseListenAddress("[::1]:0")->host, "::1");
  EXPECT_EQ(ParseListenAddress(":65535")->host, "");
  EXPECT_EQ(ParseListenAddress(":65535")->port, 65535);
}

TEST(ListenAddress, RefusesWhatHasNoPort) {
  for (const char* text : {"localhost", "localhost:", "::1", "[::1]", "[::1", "h:65536", "h:1x",
                           "h:-1", "h:123456", ""}) {
    const auto address = ParseListenAddress(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, base::ErrorCode::kParse) << text;
  }
}

TEST(LoopbackHost, TakesLocalhostAndLoopbackAddresses) {
  for (const char* host : {"localhost", "LocalHost:9899", "127.0.0.1", "127.8.9.1:80", "[::1]:1",
                           "[::1]", "[::ffff:127.0.0.1]:9", "localhost:"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
}

TEST(LoopbackHost, RefusesEveryOtherName) {
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "128.0.0.1", "127.1", "[::2]", "::1", "[::1]x", "localhost:80x",
                           "[::ffff:10.0.0.1]", "0.0.0.0", "", "2130706433"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
  EXPECT_FALSE(IsLoopbackHost(std::string_view("127.0.0.1\0.evil", 15)));
}

}  // namespace
}  // namespace promtally::web
