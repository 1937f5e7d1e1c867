// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/range_source.h"
#include "support/fake_server.h"

namespace promtally::source {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;
using testing::HasSubstr;

base::Instant At(std::int64_t seconds) { return base::FromUnixSeconds(seconds); }

const RangeQuery kQuery{"up{a=\"b+c\"}", At(600), At(720), base::Seconds(60)};

TEST(Matrix, IsReadWithItsLabelsByTimeAndGapsForWhatIsNotFinite) {
  const auto series = ReadMatrix(
      R"({"status":"success","data":{"resultType":"matrix","result":[)"
      R"({"metric":{"__name__":"up","a":"x"},"values":[[120,"2"],[60.5,"1.5"],[180,"NaN"],)"
      R"([240,"+Inf"]]},{"metric":{},"values":[]}]},"infos":["PromQL info: x"]})");
  ASSERT_TRUE(series) << series.error().message;
  ASSERT_EQ(series->size(), 2U);
  EXPECT_EQ((*series)[0].labels, (base::LabelSet{{"__name__", "up"}, {"a", "x"}}));
  EXPECT_EQ((*series)[0].samples,
            (std::vector<std::pair<base::Instant, double>>{
                {base::Instant(base::Milliseconds(60500)), 1.5}, {At(120), 2}}));
}

TEST(Matrix, IsRefusedWhereAnythingIsDoubtful) {
  const auto answer = [](const std::string& result, const std::string& more = "") {
    return R"({"status":"success","data":{"resultType":"matrix","result":[)" + result + "]}" +
           more + "}";
  };
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string(R"({"status":"error","error":"x"})"),
        std::string(R"({"status":"success","data":{"resultType":"vector","result":[]}})"),
        std::string(R"({"status":"success"})"), answer("", R"(,"warnings":["store is down"])"),
        answer("1"), answer("{}"), answer(R"({"metric":{"a":1},"values":[]})"),
        answer(R"({"metric":{},"values":[[1,2]]})"),
        answer(R"({"metric":{},"values":[["1","2"]]})"),
        answer(R"({"metric":{},"values":[[1,"x"]]})"), answer(R"({"metric":{},"values":[[1,""]]})"),
        answer(R"({"metric":{},"values":[[-1,"1"]]})"),
        answer(R"({"metric":{},"values":[[1e30,"1"]]})"),
        answer(R"({"metric":{},"values":[[1,"1"],[1,"2"]]})"),
        answer(R"({"metric":{"a":"b"},"values":[]},{"metric":{"a":"b"},"values":[]})")}) {
    EXPECT_FALSE(ReadMatrix(body)) << body;
  }
}

constexpr const char* kFrame =
    R"({"schema":{"refId":"A","fields":[{"name":"Time","type":"time","config":{"interval":60000}},)"
    R"({"name":"up","type":"number","labels":{"instance":"h","__name__":"up"}}]},)"
    R"("data":{"values":[[60000,120000,180000],[1,null,3.5]],"entities":[null,{"NaN":[1]}]}})";

std::string Frames(const std::string& frames) {
  return R"({"results":{"A":{"status":200,"frames":[)" + frames + "]}}}";
}

TEST(Frames, AreOneSeriesEachWithTheStepThatWasTaken) {
  const auto series = ReadFrames(Frames(std::string(kFrame) + "," + kFrame));
  ASSERT_TRUE(series) << series.error().message;
  ASSERT_EQ(series->size(), 2U);
  EXPECT_EQ((*series)[0].labels, (base::LabelSet{{"__name__", "up"}, {"instance", "h"}}));
  EXPECT_EQ((*series)[0].step, base::Seconds(60));
  EXPECT_EQ((*series)[0].samples,
            (std::vector<std::pair<base::Instant, double>>{{At(60), 1}, {At(180), 3.5}}));
}

TEST(Frames, MayBeEmpty) {
  for (const char* const frames : {"", R"({"schema":{"fields":[]},"data":{"values":[]}})"}) {
    const auto series = ReadFrames(Frames(frames));
    ASSERT_TRUE(series);
    EXPECT_TRUE(series->empty());
  }
}

TEST(Frames, AreRefusedWithGrafanasWord) {
  const auto message = [](const std::string& body) {
    const auto series = ReadFrames(body);
    return series ? std::string("taken") : series.error().message;
  };
  EXPECT_THAT(message(R"({"results":{"A":{"error":"bad_data: parse error","status":400}}})"),
              HasSubstr("bad_data: parse error"));
  EXPECT_THAT(message(R"({"message":"Data source not found"})"),
              HasSubstr("Data source not found"));
  EXPECT_THAT(message(Frames(R"({"schema":{"meta":{"notices":[{"severity":"warning",)"
                             R"("text":"a store is gone"}]},"fields":[]},"data":{"values":[]}})")),
              HasSubstr("a store is gone"));
  for (
      const char* const frame :
      {"1", R"({"schema":{"fields":[{"type":"time"}]},"data":{"values":[[1],[2]]}})",
       R"({"schema":{"fields":[{"type":"time"},{"type":"number"}]},"data":{"values":[[1],[2,3]]}})",
       R"({"schema":{"fields":[{"type":"time"},{"type":"string"}]},"data":{"values":[[1],["a"]]}})",
       R"({"schema":{"fields":[{"type":"time"},{"type":"number"}]},"data":{"values":[[1],["a"]]}})"}) {
    EXPECT_NE(message(Frames(frame)), "taken") << frame;
  }
}

config::SourceSettings Source(const FakeServer& server, const std::string& type) {
  config::SourceSettings settings;
  settings.type = type;
  settings.url = server.url() + "/";
  settings.datasource_uid = "my uid";
  settings.timeout = base::Milliseconds(10'000);
  return settings;
}

constexpr const char* kMatrix =
    R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},)"
    R"("values":[[600,"1"]]}]}})";

TEST(RangeSource, AsksPrometheusByAForm) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(200, kMatrix); });
  ASSERT_TRUE(OpenRangeSource(Source(server, "prometheus"))->Query(kQuery));
  const SeenRequest seen = server.requests().front();
  EXPECT_EQ(seen.target, "/api/v1/query_range");
  EXPECT_EQ(seen.Field("query"), kQuery.text);
  EXPECT_EQ(seen.Field("start"), "600");
  EXPECT_EQ(seen.Field("end"), "720");
  EXPECT_EQ(seen.Field("step"), "60");
}

TEST(RangeSource, AsksGrafanaSoThatTheStepStaysAsItIs) {
  FakeServer server([](const SeenRequest&) { return Reply::Of(200, Frames(kFrame)); });
  config::SourceSettings settings = Source(server, "grafana");
  settings.grafana_api = config::GrafanaApi::kDsQuery;
  ASSERT_TRUE(OpenRangeSource(settings)->Query(kQuery));
  const SeenRequest seen = server.requests().front();
  EXPECT_EQ(seen.target, "/api/ds/query");
  EXPECT_EQ(seen.Header("content-type"), "application/json");
  EXPECT_THAT(seen.body, HasSubstr(R"("from":"600000","to":"720000")"));
  EXPECT_THAT(seen.body, HasSubstr(R"("intervalMs":60000,"maxDataPoints":14,"utcOffsetSec":0)"));
  EXPECT_THAT(seen.body, HasSubstr(R"("uid":"my uid")"));
  EXPECT_EQ(seen.body.find("datasourceId"), std::string::npos);
}

TEST(RangeSource, GoesToTheQueryApiWhereTheProxyIsRefused) {
  FakeServer server([](const SeenRequest& request) {
    return request.target == "/api/ds/query" ? Reply::Of(200, Frames(kFrame))
                                             : Reply::Of(404, R"({"message":"not found"})");
  });
  const auto source = OpenRangeSource(Source(server, "grafana"));
  EXPECT_TRUE(source->Query(kQuery));
  EXPECT_TRUE(source->Query(kQuery));
  std::vector<std::string> targets;
  for (const SeenRequest& request : server.requests()) {
    targets.push_back(request.target);
  }
  EXPECT_EQ(targets,
            (std::vector<std::string>{"/api/datasources/proxy/uid/my%20uid/api/v1/query_range",
                                      "/api/ds/query", "/api/ds/query"}));
}

TEST(RangeSource, SaysWhyThereIsNoAnswer) {
  FakeServer server([](const SeenRequest&) {
    return Reply::Of(422,
                     R"({"status":"error","errorType":"execution","error":"too many samples"})");
  });
  const auto source = OpenRangeSource(Source(server, "prometheus"));
  const auto refused = source->Query(kQuery);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kRejected);
  EXPECT_THAT(refused.error().message, HasSubstr("too many samples"));
  server.SetScript([](const SeenRequest&) { return Reply::Raw("", Reply::End::kReset); });
  EXPECT_EQ(source->Query(kQuery).error().code, base::ErrorCode::kUnavailable);
  source->Stop();
  EXPECT_EQ(source->Query(kQuery).error().code, base::ErrorCode::kCancelled);
}

}  // namespace
}  // namespace promtally::source
