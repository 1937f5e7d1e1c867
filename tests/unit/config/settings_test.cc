// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/settings.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Environment From(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional(at->second);
  };
}

SettingsFile Read(const std::string& yaml, const Environment& environment = From({})) {
  return ReadSettings(yaml, "p.yml", environment);
}

Settings Valid(const std::string& yaml, const Environment& environment = From({})) {
  const SettingsFile file = Read(yaml, environment);
  EXPECT_EQ(Rendered(file.diagnostics), "");
  return file.settings;
}

TEST(Settings, OfAnEmptyFileAreTheDefaults) {
  const Settings settings = Valid("");
  EXPECT_TRUE(settings.sources.empty());
  EXPECT_TRUE(settings.jobs.empty());
  EXPECT_EQ(settings.ledger.path, "promtally.db");
  EXPECT_THAT(settings.web.listen, ElementsAre("localhost:9899"));
  EXPECT_EQ(settings.export_settings.prefix, "promtally_usage_");
  EXPECT_EQ(settings.log.level, LogLevel::kInfo);
}

// Every key with a value that is not its default.
constexpr const char* kEveryKey = R"(
sources:
  - name: main
    type: prometheus
    url: https://prometheus.example:9090/prefix/
    timeout: 1m30s
    concurrency: 4
    basic_auth: {username: u, password_file: secret}
    tls_config: {ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, server_name: s}
    follow_redirects: true
    proxy_url: http://proxy:3128
    no_proxy: localhost
    headers: {X-Scope-OrgID: tenant}
    limits: {answer_bytes: 2048, compression_ratio: 7}
  - name: other
    url: http://[::1]:9090
    authorization: {credentials_file: token}
    proxy_from_environment: true
collect:
  - job: hourly
    source: other
    metrics_file: m.yml
    period: 3600s
    wait_periods: 3
    settle: 0s
    scope_key: project_id
    scopes: {include: [p1, '/p[0-9]+/'], exclude: [p2]}
    start: 2026-01-01T02:00:00+02:00
    rounding: cloudkitty
    on_bad_series: hold
    empty_after: 0
    limits: {series: 9, labels: 8, label_name_bytes: 7, label_value_bytes: 6}
ledger: {type: sqlite, path: /var/lib/promtally/ledger.db}
web: {listen: ['[::1]:9899', :8080], telemetry_path: /m}
export: {prefix: usage_, max_series: 5}
log: {level: debug, format: json}
)";

TEST(Settings, OfEverySourceKeyAreRead) {
  const Settings settings = Valid(kEveryKey);
  ASSERT_EQ(settings.sources.size(), 2U);
  const SourceSettings& source = settings.sources[0];
  EXPECT_EQ(source.name, "main");
  EXPECT_EQ(source.url, "https://prometheus.example:9090/prefix");
  EXPECT_EQ(source.timeout, base::Seconds(90));
  EXPECT_EQ(source.concurrency, 4);
  EXPECT_EQ(source.http.username, "u");
  EXPECT_EQ(source.http.password.file, "secret");
  EXPECT_EQ(source.http.ca_file, "ca.pem");
  EXPECT_EQ(source.http.key_file, "k.pem");
  EXPECT_TRUE(source.http.follow_redirects);
  EXPECT_EQ(source.limits.answer_bytes, 2048U);
  EXPECT_EQ(source.limits.compression_ratio, 7U);
  EXPECT_EQ(source.http.proxy_url, "http://proxy:3128");
  EXPECT_THAT(source.http.headers,
              ElementsAre(std::pair<std::string, std::string>("X-Scope-OrgID", "tenant")));
  EXPECT_EQ(settings.sources[1].http.credentials.file, "token");
  EXPECT_EQ(settings.sources[1].http.authorization_type, "Bearer");
  EXPECT_TRUE(settings.sources[1].http.proxy_from_environment);
}

TEST(Settings, OfEveryJobKeyAreRead) {
  const Settings settings = Valid(kEveryKey);
  ASSERT_EQ(settings.jobs.size(), 1U);
  const JobSettings& job = settings.jobs[0];
  EXPECT_EQ(job.job, "hourly");
  EXPECT_EQ(job.source, "other");
  EXPECT_EQ(job.schedule.period, base::Seconds(3600));
  EXPECT_EQ(job.schedule.wait_periods, 3);
  EXPECT_EQ(job.schedule.settle.count(), 0);
  EXPECT_EQ(job.scope_key, "project_id");
  EXPECT_THAT(job.include_scopes, ElementsAre("p1", "/p[0-9]+/"));
  EXPECT_THAT(job.exclude_scopes, ElementsAre("p2"));
  EXPECT_EQ(job.start, base::FromUnixSeconds(1767225600));
  EXPECT_EQ(job.rounding, metering::RoundingMode::kCloudKitty);
  EXPECT_EQ(job.on_bad_series, OnBadSeries::kHold);
  EXPECT_EQ(job.empty_after.count(), 0);
  EXPECT_EQ(job.limits.series, 9U);
  EXPECT_EQ(job.limits.labels, 8U);
  EXPECT_EQ(job.limits.label_name_bytes, 7U);
  EXPECT_EQ(job.limits.label_value_bytes, 6U);
}

TEST(Settings, OfEveryOtherKeyAreRead) {
  const Settings settings = Valid(kEveryKey);
  EXPECT_EQ(settings.ledger.path, "/var/lib/promtally/ledger.db");
  EXPECT_THAT(settings.web.listen, ElementsAre("[::1]:9899", ":8080"));
  EXPECT_EQ(settings.web.telemetry_path, "/m");
  EXPECT_EQ(settings.export_settings.max_series, 5U);
  EXPECT_EQ(settings.log.level, LogLevel::kDebug);
  EXPECT_EQ(settings.log.format, LogFormat::kJson);
}

TEST(Settings, GiveAJobTheOnlySource) {
  const Settings settings = Valid("sources: [{name: a, url: 'http://h'}]\ncollect: [{}]\n");
  EXPECT_EQ(settings.jobs.at(0).source, "a");
  EXPECT_EQ(settings.jobs.at(0).job, "default");
}

TEST(Settings, TakeAFileWithSourcesOnly) {
  EXPECT_EQ(Valid("sources: [{url: 'http://h:9090'}]").sources.size(), 1U);
}

TEST(SettingsEnvironment, FillsValuesAndDefaults) {
  const Settings settings = Valid(
      "sources:\n"
      "  - url: http://${HOST}:${PORT:-9090}\n"
      "    concurrency: ${CONCURRENCY:-7}\n"
      "    basic_auth: {username: \"${EMPTY:-me}\", password: \"${PASSWORD}\"}\n"
      "ledger: {path: $HOME$$/x$}\n",
      From({{"HOST", "h.example"}, {"PASSWORD", "12345"}, {"EMPTY", ""}}));
  const SourceSettings& source = settings.sources.at(0);
  EXPECT_EQ(source.url, "http://h.example:9090");
  EXPECT_EQ(source.concurrency, 7);
  EXPECT_EQ(source.http.username, "me");
  EXPECT_EQ(source.http.password.value, "12345");
  EXPECT_EQ(settings.ledger.path, "$HOME$$/x$");
}

TEST(SettingsEnvironment, DoesNotLookAtAValueAgain) {
  EXPECT_EQ(Valid("ledger: {path: \"${A}\"}", From({{"A", "${B}"}, {"B", "x"}})).ledger.path,
            "${B}");
}

TEST(SettingsEnvironment, IsNotReadInKeys) {
  EXPECT_THAT(Rendered(Read("\"${A}\": 1\n", From({{"A", "ledger"}})).diagnostics),
              HasSubstr("p.yml:1:1: error: unknown key \"${A}\""));
}

TEST(SettingsEnvironment, CannotPutControlCharactersIn) {
  EXPECT_THAT(Rendered(Read("ledger: {path: \"${A}\"}", From({{"A", "x\r\ny"}})).diagnostics),
              HasSubstr("\"path\" in ledger has a control character"));
}

TEST(Settings, HideSecretsInPrintedLines) {
  const std::string text = Rendered(
      Read("sources:\n"
           "  - {url: 'http://h', basic_auth: {username: u, password: hunter2, usernam: x}}\n"
           "  - {name: b, url: 'http://me:geheim@h'}\n")
          .diagnostics);
  EXPECT_THAT(text, HasSubstr("password: *******, usernam: x}}\n"));
  EXPECT_THAT(text, HasSubstr("must not hold a user or a password"));
  EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, testing::Not(HasSubstr("geheim")));
}

TEST(Settings, WarnAboutInlineSecretsAndUnverifiedServers) {
  const SettingsFile file = Read(
      "sources:\n"
      "  - url: https://h\n"
      "    basic_auth: {username: u, password: p}\n"
      "    tls_config: {insecure_skip_verify: true}\n");
  EXPECT_FALSE(base::HasErrors(file.diagnostics));
  const std::string text = Rendered(file.diagnostics);
  EXPECT_THAT(text, HasSubstr("p.yml:3:41: warning: \"password\" in basic_auth is written in the "
                              "file"));
  EXPECT_THAT(text,
              HasSubstr("p.yml:4:40: warning: \"insecure_skip_verify\" in tls_config is true"));
}

TEST(LooksLikeSettings, DecidesByTheTopLevelKeys) {
  EXPECT_TRUE(LooksLikeSettings("# x\nsources: []\n"));
  EXPECT_TRUE(LooksLikeSettings("{log: {}}"));
  EXPECT_TRUE(LooksLikeSettings("\xEF\xBB\xBFweb: {}\n"));
  EXPECT_TRUE(LooksLikeSettings("collect:\n  - [\n"));
  EXPECT_FALSE(LooksLikeSettings("metrics:\n  a:\n    export: {}\n"));
  EXPECT_FALSE(LooksLikeSettings(""));
  EXPECT_FALSE(LooksLikeSettings("metrics: [\n"));
}

TEST(HttpClientFile, HoldsTheKeysOfASourceAlone) {
  const HttpClientFile file =
      ReadHttpClientFile("authorization: {type: Token, credentials_file: t}\n", "h.yml");
  EXPECT_EQ(Rendered(file.diagnostics), "");
  EXPECT_EQ(file.settings.authorization_type, "Token");
  EXPECT_EQ(file.settings.credentials.file, "t");
  EXPECT_THAT(Rendered(ReadHttpClientFile("url: http://h\n", "h.yml").diagnostics),
              HasSubstr("h.yml:1:1: error: unknown key \"url\"\n"));
  EXPECT_THAT(Rendered(ReadHttpClientFile("basic_auth: {username: '${A}', password: x}\n"
                                          "authorization: {credentials_file: t}\n",
                                          "h.yml")
                           .diagnostics),
              HasSubstr("h.yml:2:1: error: at most one of basic_auth, oauth2 & authorization must "
                        "be configured"));
}

}  // namespace
}  // namespace promtally::config
