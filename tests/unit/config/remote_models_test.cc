// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/settings.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

SettingsFile Read(const std::string& yaml) {
  const Environment one = [](const std::string& name) {
    return name == "MODELS" ? std::optional<std::string>("http://models:3000") : std::nullopt;
  };
  return ReadSettings(yaml, "p.yml", one);
}

std::string Diagnose(const std::string& yaml) { return Rendered(Read(yaml).diagnostics); }

constexpr const char* kAll = R"(models:
  store: kept
  max_models_count: 3
  remote:
    - name: lags_remote
      type: oip_v2_binary
      url: ${MODELS}/
      model: lags
      version: 1
      input: input_series
      output: predict
      missing: nan
      timeout: 2s
      retries: 0
      max_batch_rows: 10
      authorization: {credentials: '${MODELS}'}
    - name: any.2
      type: template
      url: http://h:1
      path: /score?x=1
      request: {a: [$rows, 1.5, true, null, 'b "c'], "n": $count}
      response: /a/0
      ready: /readyz
)";

TEST(RemoteModelSettings, OfEveryKeyAreRead) {
  const SettingsFile file = Read(kAll);
  EXPECT_EQ(Rendered(file.diagnostics), "");
  const ModelsSettings& models = file.settings.models;
  EXPECT_EQ(models.store, "kept");
  EXPECT_EQ(models.max_models_count, 3U);
  ASSERT_EQ(models.remote.size(), 2U);
  const RemoteModelSettings& first = models.remote[0];
  EXPECT_EQ(first.name, "lags_remote");
  EXPECT_EQ(first.type, RemoteModelType::kOipV2Binary);
  EXPECT_EQ(first.url, "http://models:3000");
  EXPECT_EQ(first.version, "1");
  EXPECT_EQ(first.missing, MissingPolicy::kNan);
  EXPECT_EQ(first.timeout, base::Milliseconds(2000));
  EXPECT_EQ(first.retries, 0);
  EXPECT_EQ(first.max_batch_rows, 10U);
  EXPECT_EQ(first.http.credentials.value, "http://models:3000");
  const RemoteModelSettings& second = models.remote[1];
  EXPECT_EQ(second.request, R"({"a":["$rows",1.5,true,null,"b \"c"],"n":"$count"})");
  EXPECT_EQ(second.path, "/score?x=1");
  EXPECT_EQ(second.response, "/a/0");
  EXPECT_EQ(second.retries, 2);
}

TEST(RemoteModelSettings, AreWrittenAsTheyAreReadWithoutSecrets) {
  const std::string text = ToYaml(Read(kAll).settings);
  EXPECT_THAT(text, testing::HasSubstr("credentials: <secret>"));
  const SettingsFile again = Read(text);
  EXPECT_EQ(Rendered(again.diagnostics).find("error"), std::string::npos);
  EXPECT_EQ(ToYaml(again.settings), text);
}

class RemoteModelMistake : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RemoteModelMistake, IsReported) {
  const std::string item = std::string("models: {remote: [{") + GetParam().first + "}]}\n";
  EXPECT_THAT(Diagnose(item), testing::HasSubstr(GetParam().second));
}

constexpr std::pair<const char*, const char*> kMistakes[] = {
    {"type: oip_v2, url: 'http://h', model: a", "the remote model has no \"name\""},
    {"name: a, url: 'http://h', model: a", "the remote model has no \"type\""},
    {"name: a, type: oip_v2, model: a", "the remote model has no \"url\""},
    {"name: a, type: oip_v2, url: 'http://h'", "no \"model\", which the type oip_v2 needs"},
    {"name: .a, type: mlflow, url: 'http://h'", "has \".a\", which is no model's name"},
    {"name: a, type: oip, url: 'http://h', model: a",
     "\"oip\" is not allowed as \"type\" in models.remote[]"},
    {"name: a, type: mlflow, url: 'http://h', missing: nan", "mlflow cannot carry NaN"},
    {"name: a, type: oip_v2, url: 'http://h', model: a, missing: nan", "oip_v2 cannot carry NaN"},
    {"name: a, type: icos, url: 'http://h', model: a, missing: mask", "icos has no second tensor"},
    {"name: a, type: mlflow, url: 'http://h', missing: zero", "\"missing\" in models.remote[]"},
    {"name: a, type: mlflow, url: 'http://h', request: {a: $rows}",
     "\"request\" means nothing to the type mlflow"},
    {"name: a, type: template, url: 'http://h', response: /a", "no \"request\""},
    {"name: a, type: template, url: 'http://h', response: /a, request: {a: 1}",
     "must have one text that is $rows, or $row"},
    {"name: a, type: template, url: 'http://h', response: a, request: {a: $rows}",
     "which is no JSON Pointer"},
    {"name: a, type: template, url: 'http://h', response: /a~2, request: {a: $rows}",
     "which is no JSON Pointer"},
    {"name: a, type: template, url: 'http://h', response: /a, request: {a: $rows, b: .5}",
     "which JSON does not know"},
    {"name: a, type: mlflow, url: 'http://h', timeout: 0s", "must be more than 0s"},
    {"name: a, type: mlflow, url: 'http://h', retries: 11", "\"retries\""},
    {"name: a, type: mlflow, url: 'http://h', max_batch_rows: 0", "\"max_batch_rows\""},
    {"name: a, type: mlflow, url: 'http://h', modell: x", "did you mean \"model\"?"},
    {"name: a, type: mlflow, url: 'http://h'}, {name: a, type: mlflow, url: 'http://h'",
     "two remote models have the name \"a\""},
    {"name: a, type: mlflow, url: 'http://h', basic_auth: {username: u}, authorization: "
     "{credentials_file: f}",
     "at most one of basic_auth"},
};
INSTANTIATE_TEST_SUITE_P(Settings, RemoteModelMistake, testing::ValuesIn(kMistakes));

}  // namespace
}  // namespace promtally::config
