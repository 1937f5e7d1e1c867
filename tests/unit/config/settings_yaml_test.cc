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

TEST(SettingsYaml, ShowsTheModelStore) {
  EXPECT_THAT(ToYaml(Read("models: {store: m, max_models_count: 0}").settings),
              HasSubstr("models:\n  store: \"m\"\n  max_models_count: 0\n"));
  EXPECT_THAT(ToYaml(Read("").settings), HasSubstr("  max_models_count: 5\n"));
}

TEST(SettingsYaml, ReadsAJobBackAsItWas) {
  JobSettings job = Read(kFile).settings.jobs.front();
  job.limits = {7, 6, 5, 4};
  job.on_bad_series = OnBadSeries::kHold;
  job.exclude_scopes = {"${HOME}", "a\"b\\c\n"};
  const std::string text = ToYaml(job);
  const auto again = JobFromYaml(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(ToYaml(*again), text);
  EXPECT_EQ(again->source, "main");
  EXPECT_EQ(again->exclude_scopes, job.exclude_scopes);
  EXPECT_EQ(again->limits.label_value_bytes, 4U);
  EXPECT_EQ(again->start, job.start);
  for (const char* bad : {"", "collect: []", "collect:\n  - {period: 7s}", "x: ["}) {
    EXPECT_FALSE(JobFromYaml(bad)) << bad;
  }
}

TEST(SettingsYaml, NamesTheFilesThatAreNeededWithTheirPlaces) {
  const SettingsFile read = Read(R"(sources:
  - name: main
    url: http://prometheus:9090
  - name: other
    url: http://other
    authorization: {credentials_file: /run/token}
    tls_config: {ca_file: ca.pem}
collect:
  - job: hourly
    source: main
)");
  ASSERT_EQ(read.files.size(), 2U) << (read.diagnostics.empty() ? "" : read.diagnostics[0].message);
  EXPECT_EQ(read.files[0].path, "/run/token");
  EXPECT_EQ(read.files[0].place.file, "promtally.yml");
  EXPECT_EQ(read.files[0].place.line, 6U);
  EXPECT_EQ(read.files[0].place.column, 39U);
  EXPECT_EQ(read.files[1].path, "ca.pem");
  ASSERT_EQ(read.metrics_files.size(), 1U);
  EXPECT_EQ(read.metrics_files[0].path, "metrics.yml");
  EXPECT_EQ(read.metrics_files[0].place.line, 9U);
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
