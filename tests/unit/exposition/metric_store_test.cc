// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_store.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/exposition/metric_store_fixture.h"

namespace promtally::exposition {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

TEST_F(MetricStoreTest, ShowsAMetricWithoutLabelsAtOnce) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g", MetricType::kGauge));
  Make(Define("i", MetricType::kInfo));
  Make(Define("labelled", MetricType::kGauge, {"a"}));
  Make(Define("s", MetricType::kStateSet));
  EXPECT_EQ(Page(),
            "# HELP c_total \n# TYPE c_total counter\nc_total 0\n"
            "# HELP c_created \n# TYPE c_created gauge\nc_created 1748736000\n"
            "# HELP g \n# TYPE g gauge\ng 0\n"
            "# HELP i_info \n# TYPE i_info gauge\n"
            "# HELP labelled \n# TYPE labelled gauge\n"
            "# HELP s \n# TYPE s gauge\ns{s=\"starting\"} 1\ns{s=\"running\"} 0\n");
  EXPECT_EQ(store_.series(), 3U);
}

TEST_F(MetricStoreTest, TellsWhetherAMetricWasThere) {
  Make(Define("x", MetricType::kGauge, {"b", "a"}));
  const auto again = store_.Create(Define("x", MetricType::kGauge, {"a", "b"}), kNow);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  EXPECT_EQ(Refused(Define("x", MetricType::kGauge)), ErrorCode::kConflict);
  EXPECT_EQ(Refused(Define("x", MetricType::kCounter)), ErrorCode::kConflict);
}

TEST_F(MetricStoreTest, RefusesNamesThatCollideWithThoseOfSamples) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("i", MetricType::kInfo));
  Make(Define("h", MetricType::kHistogram));
  Make(Define("s", MetricType::kSummary));
  Make(Define("x_total", MetricType::kGauge));
  for (const char* name : {"c_total", "c_created", "i_info", "h_bucket", "h_sum", "h_count",
                           "h_created", "s_sum", "s_count", "s_created"}) {
    EXPECT_EQ(Refused(Define(name, MetricType::kGauge)), ErrorCode::kConflict) << name;
  }
  EXPECT_EQ(Refused(Define("x", MetricType::kCounter)), ErrorCode::kConflict);
  EXPECT_THAT(said_, HasSubstr("\"x_total\""));
  Make(Define("s_bucket", MetricType::kGauge));
  Make(Define("c_sum", MetricType::kGauge));
}

TEST_F(MetricStoreTest, RefusesNamesThatEscapingMakesEqual) {
  Make(Define("a.b", MetricType::kGauge));
  EXPECT_EQ(Refused(Define("a_b", MetricType::kGauge)), ErrorCode::kConflict);
  EXPECT_EQ(Refused(Define("a/b", MetricType::kGauge)), ErrorCode::kConflict);
  EXPECT_EQ(Refused(Define("U__a_2e_b", MetricType::kGauge)), ErrorCode::kConflict);
  EXPECT_EQ(Refused(Define("x", MetricType::kGauge, {"l.1", "l_1"})), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, RefusesNamesOfPromtallyAndOfUsage) {
  for (const char* name : {"promtally_periods", "promtally_records", "process_cpu_seconds",
                           "promtally_records_created", "promtally_usage_x", "promtally.periods",
                           "promtally_http_request_duration_seconds_count"}) {
    EXPECT_EQ(Refused(Define(name, MetricType::kGauge)), ErrorCode::kConflict) << name;
  }
}

TEST_F(MetricStoreTest, RefusesWhatNoPageCanCarry) {
  for (const auto& definition :
       {Define("", MetricType::kGauge), Define("a\xFF", MetricType::kGauge),
        Define(std::string("a\0b", 3), MetricType::kGauge),
        Define(std::string(257, 'a'), MetricType::kGauge), Define("c_total", MetricType::kCounter),
        Define("i_info", MetricType::kInfo), Define("x:y", MetricType::kStateSet),
        Define("x", MetricType::kGauge, {"__a"}), Define("x", MetricType::kGauge, {"é__name__"}),
        Define("x", MetricType::kGauge, {"_name_"}), Define("x", MetricType::kGauge, {""}),
        Define("x", MetricType::kGauge, {"a", "a"}), Define("x", MetricType::kHistogram, {"le"}),
        Define("x", MetricType::kSummary, {"quantile"}),
        Define("x.y", MetricType::kStateSet, {"x_y"}), Define("x", MetricType::kStateSet, {"x"}),
        Define("x", MetricType::kGauge, std::vector<std::string>(65, "a"))}) {
    EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument) << definition.name;
  }
  Make(Define("le_is_free", MetricType::kGauge, {"le", "quantile"}));
}

TEST_F(MetricStoreTest, RefusesWhatBelongsToAnotherType) {
  auto definition = Define("x", MetricType::kGauge);
  definition.buckets = {1};
  EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  definition = Define("x", MetricType::kGauge);
  definition.states = {"a"};
  EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  definition = Define("x", MetricType::kInfo);
  definition.unit = "seconds";
  EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  definition = Define("x", MetricType::kStateSet);
  definition.states = {"a", "a"};
  EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  definition.states = {};
  EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  definition = Define("x", MetricType::kHistogram);
  for (const std::vector<double>& buckets :
       {std::vector<double>{2, 1}, {1, 1}, {std::nan("")}, {kInfinity}, {-kInfinity, 1}}) {
    definition.buckets = buckets;
    EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  }
  definition = Define("x", MetricType::kSummary);
  for (const auto& quantile : {std::pair(1.5, 0.1), std::pair(0.5, 0.0), std::pair(0.5, 1.0)}) {
    definition.quantiles = {quantile};
    EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
  }
}

TEST_F(MetricStoreTest, PutsTheUnitAtTheEndOfTheName) {
  auto definition = Define("temp", MetricType::kGauge);
  definition.unit = "celsius";
  Make(definition);
  EXPECT_EQ(store_.ResolveFamily("temp"), "temp_celsius");
  ASSERT_TRUE(Apply("temp", Change(3)));
  EXPECT_THAT(Page({Format::kOpenMetrics, Escaping::kUnderscores}),
              HasSubstr("# UNIT temp_celsius celsius\ntemp_celsius 3\n"));
  EXPECT_FALSE(*store_.Create(definition, kNow));
  EXPECT_EQ(Refused(Define("temp", MetricType::kGauge)), ErrorCode::kConflict);
  definition.unit = "a-b";
  EXPECT_EQ(Refused(definition), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, StopsAtTheLimitsOfSeries) {
  StoreLimits limits;
  limits.max_series = 4;
  limits.max_series_per_metric = 2;
  MetricStore store({limits, nullptr});
  ASSERT_TRUE(store.Create(Define("g", MetricType::kGauge, {"a"}), kNow));
  ASSERT_TRUE(store.Create(Define("h", MetricType::kGauge, {"a"}), kNow));
  const std::vector<SampleChange> three{Change(1, {{"a", "1"}}), Change(1, {{"a", "2"}}),
                                        Change(1, {{"a", "3"}})};
  const auto refused = store.Apply("g", three, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(store.series(), 0U);
  // Three samples of two series are two.
  const std::vector<SampleChange> two{three[0], three[0], three[1]};
  ASSERT_TRUE(store.Apply("g", two, kNow));
  ASSERT_TRUE(store.Apply("h", two, kNow));
  ASSERT_TRUE(store.Apply("h", two, kNow));
  EXPECT_EQ(store.Create(Define("x", MetricType::kGauge), kNow).error().code, ErrorCode::kRejected);
}

TEST_F(MetricStoreTest, RemovesMetricsAndSeries) {
  Make(Define("c", MetricType::kCounter, {"a"}));
  ASSERT_TRUE(Apply("c", Change(1, {{"a", "1"}})));
  ASSERT_TRUE(Apply("c", Change(2, {{"a", "2"}})));
  EXPECT_EQ(store_.RemoveSeries("c", {{"a", "3"}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_.RemoveSeries("c", {{"b", "1"}}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store_.RemoveSeries("c", {{"a", "1"}}));
  EXPECT_THAT(Page(), Not(HasSubstr("a=\"1\"")));
  EXPECT_EQ(store_.series(), 1U);
  ASSERT_TRUE(store_.Remove("c_total"));
  EXPECT_EQ(Page(), "");
  EXPECT_EQ(store_.series(), 0U);
  EXPECT_EQ(store_.Remove("c").error().code, ErrorCode::kNotFound);
  Make(Define("c", MetricType::kGauge, {"other"}));
}

TEST_F(MetricStoreTest, ForgetsSeriesWhoseTimeToLiveIsOver) {
  auto definition = Define("g", MetricType::kGauge, {"a"});
  definition.ttl = base::Seconds(60);
  Make(definition);
  const auto at = [](int seconds) { return kNow + base::Seconds(seconds); };
  const SampleChange one = Change(1, {{"a", "1"}});
  const SampleChange two = Change(2, {{"a", "2"}});
  ASSERT_TRUE(store_.Apply("g", std::span(&one, 1), at(0)));
  ASSERT_TRUE(store_.Apply("g", std::span(&two, 1), at(30)));
  EXPECT_EQ(store_.Expire(at(59)), 0U);
  EXPECT_EQ(store_.Expire(at(60)), 1U);
  EXPECT_EQ(Page(), "# HELP g \n# TYPE g gauge\ng{a=\"2\"} 2\n");
  ASSERT_TRUE(store_.Apply("g", std::span(&two, 1), at(80)));
  EXPECT_EQ(store_.Expire(at(139)), 0U);
  EXPECT_EQ(store_.Expire(at(140)), 1U);
  EXPECT_EQ(store_.series(), 0U);
}

}  // namespace
}  // namespace promtally::exposition
