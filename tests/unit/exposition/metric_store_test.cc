// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_store.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/exposition/page_readers.h"

namespace promtally::exposition {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const base::Instant kNow = base::FromUnixSeconds(1748736000);

MetricDefinition Define(const std::string& name, MetricType type,
                        std::vector<std::string> labels = {}) {
  MetricDefinition definition;
  definition.name = name;
  definition.type = type;
  definition.labels = std::move(labels);
  if (type == MetricType::kStateSet) {
    definition.states = {"starting", "running"};
  }
  return definition;
}

SampleChange Change(double value, base::LabelSet labels = {}, SampleOp op = SampleOp::kDefault) {
  SampleChange change;
  change.value = value;
  change.labels = std::move(labels);
  change.op = op;
  return change;
}

class MetricStoreTest : public testing::Test {
 protected:
  std::string Page(const PageStyle& style = {}, const NameFilter& filter = {},
                   const std::vector<std::string>& taken = {}) {
    return ReadAll(*store_.Read(style, filter, kNow, taken));
  }
  void Make(const MetricDefinition& definition) {
    const auto made = store_.Create(definition, kNow);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(*made);
  }
  ErrorCode Refused(const MetricDefinition& definition) {
    const auto made = store_.Create(definition, kNow);
    EXPECT_FALSE(made) << definition.name;
    said_ = made ? "" : made.error().message;
    return made ? ErrorCode::kInternal : made.error().code;
  }
  base::Result<std::size_t> Apply(std::string_view name, const SampleChange& change) {
    return store_.Apply(name, std::span(&change, 1), kNow);
  }
  ErrorCode Refused(std::string_view name, const SampleChange& change) {
    const std::string before = Page();
    const auto applied = Apply(name, change);
    EXPECT_FALSE(applied) << name;
    EXPECT_EQ(Page(), before);
    said_ = applied ? "" : applied.error().message;
    return applied ? ErrorCode::kInternal : applied.error().code;
  }

  MetricStore store_{MetricStore::Options{
      {}, [](std::string_view name) { return name.starts_with("promtally_usage_"); }}};
  std::string said_;
};

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

TEST_F(MetricStoreTest, CountsUpByFiniteAmountsOnly) {
  Make(Define("c", MetricType::kCounter));
  for (const double amount : {-1.0, std::nan(""), kInfinity, -kInfinity}) {
    EXPECT_EQ(Refused("c", Change(amount)), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(Refused("c", Change(1, {}, SampleOp::kSet)), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(Apply("c_total", Change(0.1)));
  ASSERT_TRUE(Apply("c_created", Change(0.2)));
  EXPECT_THAT(Page(), HasSubstr("c_total 0.30000000000000004\n"));
  ASSERT_TRUE(Apply("c", Change(1e308)));
  ASSERT_TRUE(Apply("c", Change(1e308)));
  EXPECT_THAT(Page(), HasSubstr("c_total +Inf\n"));
}

TEST_F(MetricStoreTest, SetsAGaugeToAnyNumber) {
  Make(Define("g", MetricType::kGauge));
  ASSERT_TRUE(Apply("g", Change(5)));
  ASSERT_TRUE(Apply("g", Change(-7.5, {}, SampleOp::kAdd)));
  EXPECT_THAT(Page(), HasSubstr("g -2.5\n"));
  for (const auto& [value, text] :
       {std::pair(kInfinity, "g +Inf\n"), std::pair(std::nan(""), "g NaN\n")}) {
    ASSERT_TRUE(Apply("g", Change(value)));
    EXPECT_THAT(Page(), HasSubstr(text));
  }
  EXPECT_EQ(Refused("g", Change(1, {}, SampleOp::kObserve)), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, FillsMissingLabelsAndRefusesOthers) {
  Make(Define("g", MetricType::kGauge, {"b", "a"}));
  ASSERT_TRUE(Apply("g", Change(1, {{"b", "\"\\\n"}})));
  ASSERT_TRUE(Apply("g", Change(2)));
  EXPECT_THAT(Page(), HasSubstr("g{a=\"\",b=\"\\\"\\\\\\n\"} 1\ng{a=\"\",b=\"\"} 2\n"));
  EXPECT_EQ(Refused("g", Change(1, {{"c", "x"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", "x"}, {"a", "y"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", "\xC0"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", std::string(1, '\0')}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("g", Change(1, {{"a", std::string(4097, 'x')}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("none", Change(1)), ErrorCode::kNotFound);
}

TEST_F(MetricStoreTest, RefusesHostileInfosAndStates) {
  Make(Define("i", MetricType::kInfo, {"a"}));
  Make(Define("s", MetricType::kStateSet));
  SampleChange change;
  for (const char* name : {"a", "", "__x", "\xFF"}) {
    change.info = {{name, "1"}};
    EXPECT_EQ(Refused("i", change), ErrorCode::kInvalidArgument);
  }
  change.info = {{"x.y", "1"}, {"x_y", "1"}};
  EXPECT_EQ(Refused("i", change), ErrorCode::kInvalidArgument);
  change = {};
  change.state = "gone";
  EXPECT_EQ(Refused("s", change), ErrorCode::kInvalidArgument);
  change.state = "running";
  ASSERT_TRUE(Apply("s", change));
  EXPECT_THAT(Page(), HasSubstr("s{s=\"starting\"} 0\ns{s=\"running\"} 1\n"));
}

TEST_F(MetricStoreTest, RefusesExemplarsThatReadersDoNotTake) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g", MetricType::kGauge));
  SampleChange change = Change(1);
  change.exemplar = Exemplar{{{"trace_id", std::string(120, 'x')}}, 1, 1.5};
  EXPECT_TRUE(Apply("c", change));
  EXPECT_EQ(Refused("g", change), ErrorCode::kInvalidArgument);
  const Exemplar good = *change.exemplar;
  for (const std::string& value : {std::string(121, 'x'), std::string("a}"), std::string("\xFF")}) {
    change.exemplar->labels.front().second = value;
    EXPECT_EQ(Refused("c", change), ErrorCode::kInvalidArgument);
  }
  for (const double bad : {std::nan(""), kInfinity, -1.0, 1e300}) {
    change.exemplar = good;
    change.exemplar->timestamp = bad;
    EXPECT_EQ(Refused("c", change), ErrorCode::kInvalidArgument);
  }
  change.exemplar = good;
  change.exemplar->value = std::nan("");
  EXPECT_EQ(Refused("c", change), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, RefusesToObserveNaN) {
  Make(Define("h", MetricType::kHistogram));
  Make(Define("s", MetricType::kSummary));
  EXPECT_EQ(Refused("h", Change(std::nan(""))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refused("s", Change(std::nan(""))), ErrorCode::kInvalidArgument);
}

TEST_F(MetricStoreTest, ChangesAllOrNothing) {
  Make(Define("g", MetricType::kGauge, {"a"}));
  const std::string before = Page();
  std::vector<SampleChange> changes{Change(1, {{"a", "1"}}), Change(2, {{"b", "1"}})};
  const auto refused = store_.Apply("g", changes, kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("sample 2 of 2"));
  EXPECT_EQ(Page(), before);
  changes[1] = Change(2, {{"a", "1"}}, SampleOp::kAdd);
  EXPECT_EQ(store_.Apply("g", changes, kNow).value(), 2U);
  EXPECT_THAT(Page(), HasSubstr("g{a=\"1\"} 3\n"));
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

TEST_F(MetricStoreTest, ListsMetricsAndSeriesPageByPage) {
  for (int i = 0; i < 25; ++i) {
    Make(Define("m" + std::to_string(100 + i), i % 2 == 0 ? MetricType::kGauge : MetricType::kInfo,
                {"a"}));
  }
  Make(Define("other", MetricType::kGauge));
  std::vector<std::string> names;
  std::string after;
  for (bool more = true; more;) {
    const MetricPage page = store_.List("m1", MetricType::kGauge, after, 4);
    for (const MetricView& view : page.metrics) {
      names.push_back(view.definition.name);
    }
    more = page.next.has_value();
    after = page.next.value_or("");
  }
  EXPECT_EQ(names.size(), 13U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(store_.List("", std::nullopt, "", 100).metrics.size(), 26U);

  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Apply("m100", Change(i, {{"a", std::to_string(i)}})));
  }
  ASSERT_TRUE(store_.RemoveSeries("m100", {{"a", "4"}}));
  std::vector<double> values;
  after.clear();
  for (bool more = true; more;) {
    const auto page = store_.Series("m100", after, 3, kNow);
    ASSERT_TRUE(page);
    for (const SeriesView& view : page->series) {
      EXPECT_EQ(view.labels.at(0).second, NumberText(view.value));
      values.push_back(view.value);
    }
    more = page->next.has_value();
    after = page->next.value_or("");
  }
  EXPECT_EQ(values, (std::vector<double>{0, 1, 2, 3, 5, 6, 7, 8, 9}));
  EXPECT_EQ(store_.Series("m100", "x", 3, kNow).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_.Series("none", "", 3, kNow).error().code, ErrorCode::kNotFound);
}

TEST_F(MetricStoreTest, ShowsSeriesOfEveryTypeToTheApi) {
  auto histogram = Define("h", MetricType::kHistogram);
  histogram.buckets = {1, 2};
  Make(histogram);
  auto summary = Define("s", MetricType::kSummary, {"é"});
  summary.quantiles = {{0.5, 0.05}};
  Make(summary);
  Make(Define("i", MetricType::kInfo));
  for (const double value : {0.5, 1.0, 1.5, 7.0}) {
    ASSERT_TRUE(Apply("h", Change(value)));
    ASSERT_TRUE(Apply("s", Change(value, {{"é", "\""}})));
  }
  SampleChange info;
  info.info = {{"version", "1"}, {"ü", "\\"}};
  ASSERT_TRUE(Apply("i", info));
  const SeriesView h = store_.Series("h", "", 1, kNow)->series.at(0);
  EXPECT_EQ(h.count, 4U);
  EXPECT_EQ(h.value, 10);
  EXPECT_EQ(h.buckets,
            (std::vector<std::pair<double, std::uint64_t>>{{1, 2}, {2, 3}, {kInfinity, 4}}));
  EXPECT_EQ(h.created, kNow);
  const SeriesView s = store_.Series("s", "", 1, kNow)->series.at(0);
  EXPECT_EQ(s.labels, (base::LabelSet{{"é", "\""}}));
  EXPECT_EQ(s.count, 4U);
  EXPECT_EQ(s.quantiles.at(0).second, 1);
  EXPECT_EQ(store_.Series("i", "", 1, kNow)->series.at(0).info, info.info);
}

TEST_F(MetricStoreTest, FiltersByNamesOfFamiliesAndSamples) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g.x", MetricType::kGauge));
  for (const char* name : {"c", "c_total", "c_created"}) {
    EXPECT_THAT(Page({}, NameFilter({name})), HasSubstr("c_total 0\n")) << name;
  }
  EXPECT_EQ(Page({}, NameFilter({"c_count"})), "");
  EXPECT_EQ(Page({}, NameFilter({"g.x"})), Page({}, NameFilter({"none", "g_x"})));
  EXPECT_EQ(Page({}, NameFilter({"g_x"})), "# HELP g_x \n# TYPE g_x gauge\ng_x 0\n");
  const PageStyle dots{Format::kText, Escaping::kDots};
  EXPECT_EQ(Page(dots, NameFilter({"g_dot_x"})),
            "# HELP g_dot_x \n# TYPE g_dot_x gauge\ng_dot_x 0\n");
  const PageStyle values{Format::kText, Escaping::kValues};
  EXPECT_EQ(Page(values, NameFilter({"U__g_2e_x"})),
            "# HELP U__g_2e_x \n# TYPE U__g_2e_x gauge\nU__g_2e_x 0\n");
}

TEST_F(MetricStoreTest, LeavesOutWhatUsageHasTaken) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g", MetricType::kGauge));
  EXPECT_THAT(Page({}, {}, {"c_created"}), Not(HasSubstr("c_total")));
  EXPECT_THAT(Page({}, {}, {"g_total"}), Not(HasSubstr("g 0")));
  EXPECT_THAT(Page({}, {}, {"c", "g"}), "");
  EXPECT_THAT(Page({}, {}, {"other"}), HasSubstr("c_total"));
}

TEST_F(MetricStoreTest, ShowsASeriesOnceThoughItIsMadeAgainWhileThePageIsWritten) {
  Make(Define("a", MetricType::kGauge));
  Make(Define("g", MetricType::kGauge, {"n"}));
  const std::string filler(200, 'x');
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Apply("g", Change(i, {{"n", std::to_string(i) + filler}})));
  }
  const auto reader = store_.Read({}, {}, kNow);
  std::string page;
  ASSERT_TRUE(reader->Next(page));
  ASSERT_LT(page.size(), 2 * kPieceBytes);
  for (const int gone : {0, 900}) {
    ASSERT_TRUE(store_.RemoveSeries("g", {{"n", std::to_string(gone) + filler}}));
  }
  ASSERT_TRUE(store_.Remove("a"));
  Make(Define("z", MetricType::kGauge));
  ASSERT_TRUE(Apply("g", Change(-1, {{"n", "0" + filler}})));  // gets a row that is to be read yet
  while (reader->Next(page)) {
  }
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("{n=\"0x"), 1U);
  EXPECT_EQ(count("{n=\"900x"), 0U);
  EXPECT_EQ(count("{n=\""), 999U);
  EXPECT_EQ(count("# TYPE z"), 0U);
  EXPECT_EQ(count("{n=\"999x"), 1U);
}

TEST_F(MetricStoreTest, SurvivesTheRemovalOfTheMetricThatIsBeingRead) {
  Make(Define("g", MetricType::kCounter, {"n"}));
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(Apply("g", Change(i, {{"n", std::to_string(i)}})));
  }
  const auto reader = store_.Read({}, {}, kNow);
  std::string page;
  ASSERT_TRUE(reader->Next(page));
  ASSERT_TRUE(store_.Remove("g"));
  Make(Define("g", MetricType::kCounter, {"n"}));
  ASSERT_TRUE(Apply("g", Change(1, {{"n", "1"}})));
  const std::string before = page;
  while (reader->Next(page)) {
  }
  EXPECT_EQ(page, before);
}

}  // namespace
}  // namespace promtally::exposition
