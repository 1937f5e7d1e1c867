// SPDX-License-Identifier: Apache-2.0
#include "cli/curl_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::Instant kTime = base::FromUnixSeconds(1748743200);

config::SourceSettings Source(std::string url = "http://localhost:9090") {
  config::SourceSettings source;
  source.url = std::move(url);
  return source;
}

TEST(CurlCommand, AsksAsPromtallyDoes) {
  EXPECT_EQ(CurlCommand(Source("http://localhost:9090/"), "max(x{a=\"it's\"})", kTime),
            "curl --silent --show-error --noproxy '*' --max-time '60' --data-urlencode "
            "'query=max(x{a=\"it'\\''s\"})' --data-urlencode 'time=1748743200' --data-urlencode "
            "'timeout=60s' --globoff --url 'http://localhost:9090/api/v1/query'");
}

TEST(CurlCommand, HasTheKeysOfTheConnection) {
  config::SourceSettings source = Source("https://prometheus.example:9443/base");
  source.timeout = base::Milliseconds(2500);
  source.http.ca_file = "my ca.pem";
  source.http.cert_file = "client.pem";
  source.http.key_file = "client.key";
  source.http.server_name = "internal.example";
  source.http.insecure_skip_verify = true;
  source.http.follow_redirects = true;
  const std::string command = CurlCommand(source, "x", kTime);
  for (const std::string part :
       {"--cacert 'my ca.pem' --cert 'client.pem' --key 'client.key' --insecure",
        "--connect-to '::prometheus.example:9443' --header 'Host: prometheus.example:9443'",
        "--location", "--compressed", "--max-time '2.5'", "'timeout=2500ms'",
        "--url 'https://internal.example:9443/base/api/v1/query'"}) {
    EXPECT_THAT(command, HasSubstr(part));
  }
}

TEST(CurlCommand, TakesTheProxyOfTheSettings) {
  config::SourceSettings source = Source();
  source.http.proxy_url = "http://me:s3cr3t@proxy:3128";
  source.http.no_proxy = "a,b";
  const std::string command = CurlCommand(source, "x", kTime);
  EXPECT_THAT(command, HasSubstr("--proxy 'http://proxy:3128' --proxy-user "
                                 "'me:'\"$PROMTALLY_PROXY_PASSWORD\" --noproxy 'a,b'"));
  EXPECT_THAT(command, Not(HasSubstr("s3cr3t")));
  source.http = {};
  source.http.proxy_from_environment = true;
  EXPECT_THAT(CurlCommand(source, "x", kTime), Not(HasSubstr("proxy")));
}

TEST(CurlCommand, LeavesSecretsOut) {
  config::SourceSettings source = Source();
  source.http.username = "me";
  source.http.password.value = "s3cr3t";
  source.http.headers = {{"X-Scope-OrgID", "tenant-1"}, {"X-Key", "s3cr3t"}, {"X-Empty", ""}};
  std::string command = CurlCommand(source, "x", kTime);
  EXPECT_THAT(command, HasSubstr("--user 'me:'\"$PROMTALLY_PASSWORD\""));
  EXPECT_THAT(command, HasSubstr("--header 'X-Scope-OrgID: tenant-1' --header 'X-Key: "
                                 "'\"$PROMTALLY_HEADER_X_KEY\" --header 'X-Empty;'"));
  EXPECT_THAT(command, Not(HasSubstr("s3cr3t")));
  source.http = {};
  source.http.credentials.value = "s3cr3t";
  command = CurlCommand(source, "x", kTime);
  EXPECT_THAT(command, HasSubstr("'Authorization: Bearer '\"$PROMTALLY_CREDENTIALS\""));
  EXPECT_THAT(command, Not(HasSubstr("s3cr3t")));
  command = CurlCommand(Source("http://me:s3cr3t@localhost:9090"), "x", kTime);
  EXPECT_THAT(command, HasSubstr("--user 'me:'\"$PROMTALLY_PASSWORD\""));
  EXPECT_THAT(command, HasSubstr("--url 'http://localhost:9090/api/v1/query'"));
  EXPECT_THAT(command, Not(HasSubstr("s3cr3t")));
}

TEST(CurlCommand, ReadsSecretsOfFilesWhenItRuns) {
  config::SourceSettings source = Source();
  source.http.credentials.file = "it's a token";
  EXPECT_THAT(CurlCommand(source, "x", kTime),
              HasSubstr("'Authorization: Bearer '\"$(cat 'it'\\''s a token')\""));
}

TEST(ShellWord, EscapesQuotesAndWhatDrivesATerminal) {
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("a $(b) `c` \\ \"d\" !e"), "'a $(b) `c` \\ \"d\" !e'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("a\nb"), "'a\nb'");
  EXPECT_EQ(ShellWord("a\x1B[2J"), "'a'\"$(printf '\\033')\"'[2J'");
  EXPECT_EQ(ShellWord("\xC2\x9B\xC3\xA9"), "''\"$(printf '\\302\\233')\"'\xC3\xA9'");
}

}  // namespace
}  // namespace promtally::cli
