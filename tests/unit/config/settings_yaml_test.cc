// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/settings.h"

namespace promtally::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kFile = R"(
sources:
  - name: main
    url: http://prometheus:9090/base
    basic_auth: {username: u, password: canary2}
    headers: {X-Scope-OrgID: canary3}
    proxy_url: http://p:canary4@proxy:3128
  - name: other
    url: http://other
    authorization: {credentials_file: /run/token}
    tls_config: {ca_file: ca.pem, insecure_skip_verify: true}
collect:
  - job: hourly
    source: main
    scope_key: project_id
    scopes: {include: ['/a"b/'], exclude: [p1]}
    start: 2026-01-01T00:00:00Z
    min_coverage: 0.25
log: {level: warn, format: json}
)";

SettingsFile Read(std::string_view text) {
  return ReadSettings(text, "promtally.yml", [](const std::string&) { return std::nullopt; });
}

TEST(SettingsYaml, HidesEverySecret) {
  const std::string text = ToYaml(Read(kFile).settings);
  EXPECT_THAT(text, Not(HasSubstr("canary")));
  EXPECT_THAT(text, HasSubstr("password: <secret>\n"));
  EXPECT_THAT(text, HasSubstr("\"http://prometheus:9090/base\""));
  EXPECT_THAT(text, HasSubstr("credentials_file: \"/run/token\"\n"));
}

TEST(SettingsYaml, ReadsBackToTheSameSettings) {
  SettingsFile first = Read(kFile);
  for (SourceSettings& source : first.settings.sources) {
    source.http.proxy_url.clear();
    source.http.headers.clear();
    source.http.password = {};
    source.http.username.clear();
    source.url = "http://x";
  }
  const std::string text = ToYaml(first.settings);
  const SettingsFile second = Read(text);
  EXPECT_FALSE(base::HasErrors(second.diagnostics)) << text;
  EXPECT_EQ(ToYaml(second.settings), text);
  EXPECT_EQ(second.settings.jobs.front().min_coverage, 0.25);
  EXPECT_EQ(second.settings.jobs.front().include_scopes.front(), "/a\"b/");
}

TEST(SettingsYaml, OfNothingHasTheDefaults) {
  const std::string text = ToYaml(Settings{});
  EXPECT_THAT(text, HasSubstr("listen: [\"localhost:9899\"]\n"));
  EXPECT_FALSE(base::HasErrors(Read(text).diagnostics)) << text;
}

}  // namespace
}  // namespace promtally::config
