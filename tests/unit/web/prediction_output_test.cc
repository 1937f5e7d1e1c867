// SPDX-License-Identifier: Apache-2.0
#include "web/prediction_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "web/node_predictions.h"
#include "web/prediction_loops.h"

namespace promtally::web {
namespace {

using collector::PredictedSeries;
using exposition::MetricStore;
using exposition::MetricType;

const base::Instant kNow = base::FromUnixSeconds(1'700'000'000);

PredictedSeries Number(base::LabelSet labels, double value) {
  PredictedSeries series;
  series.labels = std::move(labels);
  series.value = value;
  return series;
}

PredictedSeries Text(const std::string& text) {
  PredictedSeries series;
  series.text = text;
  return series;
}

PredictionMetric Metric(IcosType type) {
  return {"m", type, "help", {{"model", "ours"}}, {"low", "high"}};
}

std::vector<exposition::SeriesView> SeriesOf(MetricStore& store, const std::string& name) {
  const auto page = store.Series(name, "", 100, kNow);
  return page ? page->series : std::vector<exposition::SeriesView>();
}

TEST(PredictionOutput, SetsAGaugeForEachSeriesWithTheLabelsOfBoth) {
  MetricStore store({});
  PredictedSeries one = Number({{"a", "1"}, {"model", "theirs"}}, 1.5);
  one.confidence = 97.9;
  one.lower = 1;
  one.upper = 2;
  ASSERT_TRUE(
      PublishPredictions(store, Metric(IcosType::kGauge), {one, Number({{"a", "2"}}, -2)}, kNow));
  const auto series = SeriesOf(store, "m");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].labels, (base::LabelSet{{"a", "1"}, {"model", "ours"}}));
  EXPECT_EQ(series[0].value, 1.5);
  EXPECT_EQ(series[1].value, -2);
  EXPECT_EQ(SeriesOf(store, "m_confidence")[0].value, 97.9);
  EXPECT_EQ(SeriesOf(store, "m_lower")[0].value, 1);
  EXPECT_EQ(SeriesOf(store, "m_upper")[0].labels, series[0].labels);
}

TEST(PredictionOutput, RemovesAGaugeThatIsPredictedNoMore) {
  MetricStore store({});
  ASSERT_TRUE(PublishPredictions(store, Metric(IcosType::kGauge),
                                 {Number({{"a", "1"}}, 1), Number({{"a", "2"}}, 2)}, kNow));
  ASSERT_TRUE(PublishPredictions(store, Metric(IcosType::kGauge), {Number({{"a", "2"}}, 3)}, kNow));
  const auto series = SeriesOf(store, "m");
  ASSERT_EQ(series.size(), 1U);
  EXPECT_EQ(series[0].value, 3);
}

TEST(PredictionOutput, AddsToACounterAlsoWhenItGetsFurtherLabels) {
  MetricStore store({});
  PredictionMetric metric = Metric(IcosType::kCounter);
  metric.name = "m_total";
  ASSERT_TRUE(PublishPredictions(store, metric, {Number({}, 2)}, kNow));
  ASSERT_TRUE(PublishPredictions(store, metric, {Number({}, 3)}, kNow));
  EXPECT_EQ(SeriesOf(store, "m")[0].value, 5);
  ASSERT_TRUE(PublishPredictions(store, metric, {Number({{"a", "1"}}, 4)}, kNow));
  const auto series = SeriesOf(store, "m");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].value + series[1].value, 9);
  EXPECT_FALSE(PublishPredictions(store, metric, {Number({}, -1)}, kNow));
}

TEST(PredictionOutput, TakesAStateByNameOrPlace) {
  MetricStore store({});
  const PredictionMetric metric = Metric(IcosType::kEnum);
  ASSERT_TRUE(PublishPredictions(store, metric, {Text("high")}, kNow));
  EXPECT_EQ(SeriesOf(store, "m")[0].state, "high");
  ASSERT_TRUE(PublishPredictions(store, metric, {Number({}, 0)}, kNow));
  EXPECT_EQ(SeriesOf(store, "m")[0].state, "low");
  for (const PredictedSeries& wrong :
       {Text("mid"), Number({}, 2), Number({}, -1), Number({}, 0.5)}) {
    EXPECT_FALSE(PublishPredictions(store, metric, {wrong}, kNow));
  }
  EXPECT_EQ(SeriesOf(store, "m")[0].state, "low");
}

TEST(PredictionOutput, WritesAnInfo) {
  MetricStore store({});
  ASSERT_TRUE(PublishPredictions(store, Metric(IcosType::kInfo), {Text("attack")}, kNow));
  EXPECT_EQ(SeriesOf(store, "m")[0].info, (base::LabelSet{{"prediction", "attack"}}));
}

TEST(PredictionOutput, LeavesAMetricOfAnotherTypeAlone) {
  MetricStore store({});
  exposition::MetricDefinition definition;
  definition.name = "m";
  definition.type = MetricType::kCounter;
  ASSERT_TRUE(store.Create(definition, kNow));
  const base::Status status =
      PublishPredictions(store, Metric(IcosType::kGauge), {Number({}, 1)}, kNow);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, base::ErrorCode::kConflict);
}

TEST(PredictionOutput, RefusesTwoSeriesThatTheRequestsLabelsMakeOne) {
  MetricStore store({});
  PredictionMetric metric = Metric(IcosType::kGauge);
  metric.labels = {{"a", "x"}};
  EXPECT_FALSE(
      PublishPredictions(store, metric, {Number({{"a", "1"}}, 1), Number({{"a", "2"}}, 2)}, kNow));
  EXPECT_EQ(store.metrics(), 0U);
}

PredictionLoop Loop() {
  PredictionLoop loop;
  loop.key = "m";
  loop.metric = {"m \"x\"", IcosType::kEnum, "h", {{"a", "1\n"}}, {"low", "high"}};
  loop.request.model_tag = "t:latest";
  loop.request.queries = {"up{a=\"b\"}", "x"};
  loop.request.steps_back = 12;
  loop.request.fill_gaps = true;
  loop.request.history_sample_size = 7;
  loop.request.history = {{1, 2.5}, {}};
  loop.step_seconds = 90;
  loop.cycles = 3;
  loop.errors = 1;
  loop.last_error = "no \"data\"";
  loop.last_success = kNow;
  return loop;
}

TEST(PredictionOutput, LeavesSeriesOfOtherLoopsAlone) {
  MetricStore store({});
  PredictionMetric one = Metric(IcosType::kGauge);
  PredictionMetric other = one;
  one.labels = {{"node", "1"}};
  other.labels = {{"node", "2"}};
  ASSERT_TRUE(PublishPredictions(store, one, {Number({}, 1)}, kNow));
  ASSERT_TRUE(PublishPredictions(store, other, {Number({}, 2)}, kNow));
  ASSERT_TRUE(PublishPredictions(store, one, {Number({{"a", "x"}}, 3)}, kNow));
  ASSERT_EQ(SeriesOf(store, "m").size(), 2U);
  EXPECT_EQ(SeriesOf(store, "m")[0].value + SeriesOf(store, "m")[1].value, 5);
  RemovePredictions(store, one, kNow);
  ASSERT_EQ(SeriesOf(store, "m").size(), 1U);
  EXPECT_EQ(SeriesOf(store, "m")[0].value, 2);
}

TEST(Nodes, AreReadFromTheAggregatorsList) {
  const auto nodes = ReadNodes(
      R"({"cluster":{"c":{"icosAgentID":"a","node":{"n":{"uuid":"h","x":1}}},"d":{"node":{}}}})");
  ASSERT_TRUE(nodes) << nodes.error().message;
  ASSERT_EQ(nodes->size(), 1U);
  EXPECT_EQ(nodes->front().agent_id, "a");
  EXPECT_EQ(nodes->front().host_id, "h");
  for (const char* const body : {"", "[]", "{}", R"({"cluster":[]})", R"({"cluster":{"c":{}}})",
                                 R"({"cluster":{"c":{"node":{"n":{}}}}})"}) {
    EXPECT_FALSE(ReadNodes(body)) << body;
  }
}

TEST(Nodes, StandInQueriesAsQuotedTexts) {
  config::AggregatorSettings settings;
  settings.cpu_query = "a{h=$icos_host_id,n=$node_name,x=\"$other\"}";
  const auto loops = LoopsOf({"c", "a", "$icos_host_id", "\"} or up{\""}, settings, 60);
  ASSERT_EQ(loops.size(), 3U);
  EXPECT_EQ(loops[0].request.queries.front(),
            R"(a{h="\"} or up{\"",n="$icos_host_id",x="$other"})");
  EXPECT_NE(loops[0].key, loops[1].key);
}

TEST(PredictionFile, GivesBackWhatWasWritten) {
  const PredictionLoop loop = Loop();
  const std::string text = LoopsText({&loop});
  const auto read = ReadLoops(text);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(LoopsText({&read->front()}), text);
  EXPECT_EQ(LoopJson(read->front()), LoopJson(loop));
  EXPECT_EQ(read->front().request.history, loop.request.history);
}

TEST(PredictionFile, IsRefusedWhereItIsDamaged) {
  const PredictionLoop loop = Loop();
  const std::string text = LoopsText({&loop});
  EXPECT_FALSE(ReadLoops(""));
  EXPECT_FALSE(ReadLoops("{}"));
  EXPECT_FALSE(ReadLoops(text.substr(0, text.size() / 2)));
  for (const char* const word :
       {"promtally-predictions-1", "\"name\"", "\"steps_back\":12", "\"type\":4", "2023-11-14"}) {
    std::string changed = text;
    changed.replace(changed.find(word), 3, "xyz");
    EXPECT_FALSE(ReadLoops(changed)) << word;
  }
}

TEST(Prediction, IsShownAsTheListSays) {
  PredictionLoop loop = Loop();
  loop.metric.name = "m";
  loop.metric.type = IcosType::kGauge;
  loop.last_error.reset();
  EXPECT_EQ(
      LoopJson(loop),
      R"({"name":"m","model":"t:latest","type":"gauge","step_seconds":90,"cycles":3,)"
      R"("errors":1,"last_error":null,"last_success":"2023-11-14T22:13:20Z","running":true,"labels":{"a":"1\n"}})");
}

}  // namespace
}  // namespace promtally::web
