// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "support/server_process.h"
#include "support/temp_folder.h"
#include "unit/net/exchange.h"

namespace promtally::net {
namespace {

/// A TLS server whose certificate is for prometheus.example alone.
class Tls : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/bin/openssl")) {
      GTEST_SKIP() << "/usr/bin/openssl is not installed";
    }
    const std::string make =
        "/usr/bin/openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=prometheus.example -addext subjectAltName=DNS:prometheus.example -keyout " +
        key_ + " -out " + certificate_ + " 2>/dev/null";
    ASSERT_EQ(std::system(make.c_str()), 0);
    port_ = test::FreePort();
    server_ = std::make_unique<test::ServerProcess>(
        std::vector<std::string>{"/usr/bin/openssl", "s_server", "-www", "-key", key_, "-cert",
                                 certificate_, "-accept", "127.0.0.1:" + std::to_string(port_)},
        port_, test::ServerProcess::kListening);
    ASSERT_TRUE(server_->ready());
  }

  Exchange FetchWith(const config::HttpClientSettings& settings) {
    HttpClient client(settings);
    return Fetch(client, Get("https://127.0.0.1:" + std::to_string(port_) + "/"));
  }

  test::TempFolder folder_;
  std::string key_ = folder_.path() / "key.pem";
  std::string certificate_ = folder_.path() / "certificate.pem";
  int port_ = 0;
  std::unique_ptr<test::ServerProcess> server_;
};

TEST_F(Tls, TrustsNoCertificateOfAnUnknownAuthority) {
  const Exchange exchange = FetchWith({});
  EXPECT_EQ(exchange.response.error, TransferError::kConnect);
  EXPECT_NE(exchange.response.error_text.find("certificate"), std::string::npos);
}

TEST_F(Tls, ChecksTheNameAndTakesTheConfiguredOne) {
  config::HttpClientSettings settings;
  settings.ca_file = certificate_;
  EXPECT_EQ(FetchWith(settings).response.error, TransferError::kConnect);
  settings.server_name = "prometheus.example";
  const Exchange exchange = FetchWith(settings);
  EXPECT_EQ(exchange.response.error, TransferError::kNone) << exchange.response.error_text;
  EXPECT_EQ(exchange.response.status, 200);
  settings.server_name = "other.example";
  EXPECT_EQ(FetchWith(settings).response.error, TransferError::kConnect);
}

TEST_F(Tls, SkipsTheCheckWhereTold) {
  config::HttpClientSettings settings;
  settings.insecure_skip_verify = true;
  EXPECT_EQ(FetchWith(settings).response.status, 200);
}

TEST_F(Tls, SaysThatTheAuthorityFileCannotBeRead) {
  config::HttpClientSettings settings;
  settings.ca_file = folder_.path() / "absent.pem";
  const Exchange exchange = FetchWith(settings);
  EXPECT_EQ(exchange.response.error, TransferError::kConnect);
  EXPECT_NE(exchange.response.error_text.find("absent.pem"), std::string::npos)
      << exchange.response.error_text;
}

}  // namespace
}  // namespace promtally::net
