// SPDX-License-Identifier: Apache-2.0
#include "exposition/export_definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/base/labels.h"

namespace promtally::exposition {
namespace {

using metering::ExportType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

ExportDefinition Define(const std::string& name, const std::string& job = "default") {
  ExportDefinition definition;
  definition.job = job;
  definition.name = name;
  definition.metric = name;
  definition.unit = "GiB";
  definition.scope_key = "project_id";
  definition.groupby = {"project_id"};
  return definition;
}

std::vector<std::string> NamesOf(const ExportDefinition& definition,
                                 std::string_view prefix = "promtally_usage_") {
  std::vector<std::string> names;
  for (const ExportedFamily& family : FamiliesOf(definition, prefix)) {
    names.push_back(family.name);
  }
  return names;
}

TEST(ExportDefinition, ExportsGaugeAndCounterWhereNothingCanBeNegative) {
  const auto families = FamiliesOf(Define("requests"), "promtally_usage_");
  ASSERT_EQ(families.size(), 3U);
  EXPECT_EQ(families[0].name, "promtally_usage_requests");
  EXPECT_EQ(families[0].type, FamilyType::kGauge);
  EXPECT_EQ(families[1].name, "promtally_usage_requests_total");
  EXPECT_EQ(families[1].type, FamilyType::kCounter);
  EXPECT_EQ(families[2].name, "promtally_usage_requests_created");
  EXPECT_EQ(families[2].type, FamilyType::kGauge);
}

TEST(ExportDefinition, ExportsTheGaugeAloneWhereQuantitiesCanBeNegative) {
  auto definition = Define("drift");
  definition.can_be_negative = true;
  EXPECT_THAT(NamesOf(definition), ElementsAre("promtally_usage_drift"));
}

TEST(ExportDefinition, AddsANegativeCounterWhenACounterIsAskedForByName) {
  auto definition = Define("drift");
  definition.can_be_negative = true;
  definition.options.type = ExportType::kCounter;
  EXPECT_THAT(NamesOf(definition),
              ElementsAre("promtally_usage_drift_total", "promtally_usage_drift_created",
                          "promtally_usage_drift_negative_total"));
  definition.options.type = ExportType::kBoth;
  EXPECT_EQ(NamesOf(definition).size(), 4U);
}

TEST(ExportDefinition, ExportsNothingWhenTheTypeIsNone) {
  auto definition = Define("secret");
  definition.options.type = ExportType::kNone;
  EXPECT_THAT(NamesOf(definition), IsEmpty());
}

TEST(ExportDefinition, ReplacesEachCharacterThatAMetricNameCannotHold) {
  auto definition = Define("disk.io-größe:5m");
  definition.options.type = ExportType::kGauge;
  EXPECT_THAT(NamesOf(definition), ElementsAre("promtally_usage_disk_io_gr__e_5m"));
  definition.options.name = "disk size";
  EXPECT_THAT(NamesOf(definition), ElementsAre("promtally_usage_disk_size"));
  EXPECT_THAT(NamesOf(Define("9lives"), "")[0], "_9lives");
}

TEST(ExportDefinition, NamesUnitAndPeriodInHelpUnlessThereIsAHelpOfTheUsers) {
  auto definition = Define("requests");
  for (const ExportedFamily& family : FamiliesOf(definition, "p_")) {
    if (family.role != ExportRole::kCreated) {
      EXPECT_THAT(family.help, testing::HasSubstr("GiB"));
    }
    EXPECT_THAT(family.help, testing::HasSubstr("1h"));
  }
  definition.options.help = "Mine.";
  EXPECT_EQ(FamiliesOf(definition, "p_")[0].help, "Mine.");
}

TEST(ExportDefinition, RenamesLabelsThatExpositionCannotCarry) {
  auto definition = Define("requests");
  definition.groupby = {"promtally_job", "__name__", "code", "code", "exported_promtally_job"};
  EXPECT_THAT(LabelNamesOf(definition),
              ElementsAre(Pair("code", "code"), Pair("exported___name__", "__name__"),
                          Pair("exported_exported_promtally_job", "promtally_job"),
                          Pair("exported_promtally_job", "exported_promtally_job"),
                          Pair("promtally_job", "")));
}

TEST(ExportCollisions, FindsASpecWhoseNameIsAnotherSpecsCounter) {
  const auto collisions = CollidingExports({Define("x"), Define("x_total"), Define("y")}, "p_");
  ASSERT_EQ(collisions.size(), 1U);
  EXPECT_EQ(collisions[0].later, 1U);
  EXPECT_EQ(collisions[0].earlier, 0U);
  EXPECT_EQ(collisions[0].family, "p_x_total");
}

TEST(ExportCollisions, FindsTheSameNamesInEitherOrder) {
  const auto collisions = CollidingExports({Define("x_created"), Define("x")}, "p_");
  ASSERT_EQ(collisions.size(), 1U);
  EXPECT_EQ(collisions[0].later, 1U);
  EXPECT_EQ(collisions[0].family, "p_x_created");
}

TEST(ExportCollisions, FindsNamesThatBecomeEqualOnlyOnThePage) {
  ASSERT_EQ(CollidingExports({Define("a-b"), Define("a.b")}, "p_").size(), 1U);
}

TEST(ExportCollisions, ASpecThatIsLeftOutTakesNoNames) {
  // x_total goes because of x; x_total_total (a gauge alone) then has its name to itself.
  auto third = Define("x_total_total");
  third.options.type = ExportType::kGauge;
  const auto collisions = CollidingExports({Define("x"), Define("x_total"), third}, "p_");
  ASSERT_EQ(collisions.size(), 1U);
  EXPECT_EQ(collisions[0].later, 1U);
}

TEST(ExportCollisions, AnExportNameOfItsOwnSettlesACollision) {
  auto second = Define("x_total");
  second.options.name = "other";
  EXPECT_THAT(CollidingExports({Define("x"), second}, "p_"), IsEmpty());
}

TEST(ExportCollisions, SpecsOfTwoJobsMayShareAFamilyOfOneUnitAndOneSetOfLabels) {
  EXPECT_THAT(CollidingExports({Define("x", "a"), Define("x", "b")}, "p_"), IsEmpty());
  auto other_unit = Define("x", "b");
  other_unit.unit = "MiB";
  EXPECT_EQ(CollidingExports({Define("x", "a"), other_unit}, "p_").size(), 1U);
  auto other_labels = Define("x", "b");
  other_labels.groupby = {"project_id", "code"};
  EXPECT_EQ(CollidingExports({Define("x", "a"), other_labels}, "p_").size(), 1U);
}

TEST(ExportCollisions, JobsShareNoFamilyThatMeansDifferentThings) {
  auto gauge = Define("x_created", "b");
  gauge.options.type = ExportType::kGauge;
  EXPECT_EQ(CollidingExports({Define("x", "a"), gauge}, "p_").size(), 1U);
}

TEST(ExportCollisions, FindsFamiliesOfPromtallysOwn) {
  const auto collisions = CollidingExports({Define("periods")}, "promtally_");
  ASSERT_EQ(collisions.size(), 1U);
  EXPECT_EQ(collisions[0].earlier, std::nullopt);
  EXPECT_EQ(collisions[0].family, "promtally_periods");
  auto bucket = Define("http_response_size_bytes_count");
  EXPECT_EQ(CollidingExports({bucket}, "promtally_").size(), 1U);
}

}  // namespace
}  // namespace promtally::exposition
