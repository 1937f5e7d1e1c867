// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/metrics_file.h"
#include "promtally/config/settings.h"
#include "promtally/config/web_config.h"
#include "promtally/promql/functions.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

std::string RootFile(const std::string& path) {
  return FileText(std::string(PROMTALLY_ROOT) + "/" + path);
}

// The keys of all tables: rows of which the first column is one word in backticks.
std::multiset<std::string> DocumentedKeys() {
  std::multiset<std::string> keys;
  std::istringstream text(RootFile("docs/configuration.md"));
  constexpr std::string_view kRow = "| `";
  for (std::string line; std::getline(text, line);) {
    const std::size_t end = line.find('`', kRow.size());
    if (line.starts_with(kRow) && end != std::string::npos && line.substr(end, 4) == "` | ") {
      keys.insert(line.substr(kRow.size(), end - kRow.size()));
    }
  }
  return keys;
}

TEST(ConfigurationReference, HasEachKeyOfTheReadersOnceAndNoOther) {
  std::multiset<std::string> known;
  for (const std::vector<std::string>& keys : {SettingsKeys(), MetricsKeys()}) {
    known.insert(keys.begin(), keys.end());
  }
  EXPECT_GT(known.size(), 60U);
  EXPECT_THAT(DocumentedKeys(), testing::ContainerEq(known));
}

TEST(ConfigurationReference, HasSixColumnsInEachRowOfAKey) {
  std::istringstream text(RootFile("docs/configuration.md"));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("| `sources") || line.starts_with("| `collect") ||
        line.starts_with("| `metrics")) {
      EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 7) << line;
    }
  }
}

// `| rate | `cloudkitty` | a range | no | yes | all |`
std::string RowOf(const promql::FunctionInfo& info) {
  const bool is_extended = info.set == promql::FunctionSet::kExtended;
  const std::string allowed_by = !promql::IsAllowed(info, promql::FunctionSet::kExtended) ? "none"
                                 : is_extended ? "`extended`"
                                               : "`cloudkitty`";
  const std::string negative = info.sign == promql::Sign::kKeeps           ? "as the samples"
                               : info.sign == promql::Sign::kNeverNegative ? "no"
                                                                           : "yes";
  return "| " + std::string(info.name) + " | " + allowed_by + " | " +
         std::string(promql::TextOf(info.argument)) + " | " + negative + " | " +
         (info.extrapolates ? "yes" : "no") + " | " + std::string(info.servers) +
         (info.experimental ? ", experimental" : "") + " |\n";
}

TEST(ConfigurationReference, HasEachRangeFunctionOfTheCatalogue) {
  std::string rows;
  for (const promql::FunctionInfo& info : promql::FunctionsOf(promql::FunctionList::kRange)) {
    rows += RowOf(info);
  }
  EXPECT_THAT(RootFile("docs/configuration.md"),
              testing::HasSubstr("|---|---|---|---|---|---|\n" + rows + "\n"));
}

TEST(ExampleFiles, LoadWithoutErrors) {
  const Environment empty = [](const std::string&) { return std::nullopt; };
  const SettingsFile settings = ReadSettings(RootFile("etc/promtally.yml"), "promtally.yml", empty);
  EXPECT_EQ(Rendered(settings.diagnostics), "");
  EXPECT_EQ(settings.settings.jobs.size(), 1U);
  const MetricsFile metrics = ReadMetricsFile(RootFile("etc/metrics.yml"), "metrics.yml");
  EXPECT_EQ(Rendered(Errors(metrics.diagnostics)), "");
  EXPECT_EQ(metrics.specs.size(), 4U);
  const MetricsFile exact = ReadMetricsFile(RootFile("etc/metrics-exact.yml"), "metrics-exact.yml");
  EXPECT_EQ(Rendered(exact.diagnostics), "");
  EXPECT_EQ(exact.specs.size(), 2U);
  const WebConfigFile web = ReadWebConfig(RootFile("etc/web.yml"), "web.yml");
  EXPECT_EQ(Rendered(web.diagnostics), "");
  EXPECT_EQ(web.settings.headers.size(), 2U);
}

TEST(ExampleFiles, OfTheIcosServiceLoadsWithoutItsVariables) {
  const Environment empty = [](const std::string&) { return std::nullopt; };
  const SettingsFile settings = ReadSettings(RootFile("etc/icos.yml"), "icos.yml", empty);
  EXPECT_EQ(Rendered(settings.diagnostics), "");
  EXPECT_EQ(settings.settings.web.authentication, Authentication::kRequired);
  EXPECT_TRUE(LooksLikeSettings(RootFile("etc/icos.yml")));
}

TEST(ExampleFiles, AreToldApartByTheirKeys) {
  EXPECT_TRUE(LooksLikeSettings(RootFile("etc/promtally.yml")));
  EXPECT_FALSE(LooksLikeSettings(RootFile("etc/metrics.yml")));
}

}  // namespace
}  // namespace promtally::config
