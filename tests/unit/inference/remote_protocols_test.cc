// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "inference/icos_intelligence.h"
#include "inference/oip_tensor.h"
#include "unit/inference/remote_fixture.h"

namespace promtally::inference {
namespace {

using config::RemoteModelSettings;
using config::RemoteModelType;
using nlohmann::json;
using test::FakeServer;
using test::Reply;
using test::SeenRequest;
using testing::HasSubstr;

base::Result<std::vector<Prediction>> Ask(const RemoteModelSettings& settings, const Rows& rows) {
  return RemoteModel(settings).Predict(rows, {});
}

/// Answers `path` by this text, everything else by 200.
FakeServer::Script Answering(const std::string& path, const std::string& body, int status = 200) {
  return [path, body, status](const SeenRequest& request) {
    return request.target == path ? Reply::Of(status, body) : Reply::Of(200, "{}");
  };
}

TEST(Mlflow, SendsATableWithTheNamesOfTheColumns) {
  FakeServer server(Answering("/invocations", R"({"predictions": [1.5, 2.5]})"));
  Rows rows = RowsOf(2, {1, 2, 3, 4});
  rows.names = {"lag \"2\"", "lag_1"};
  RemoteModelSettings settings = Settings(server, RemoteModelType::kMlflow);
  const auto answer = Ask(settings, rows);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)[1].values[0], 2.5);
  EXPECT_EQ(server.requests()[0].target, "/ping");
  const json sent = json::parse(server.requests()[1].body);
  EXPECT_EQ(sent["dataframe_split"]["columns"], json({"lag \"2\"", "lag_1"}));
  EXPECT_EQ(sent["dataframe_split"]["data"], json({{1, 2}, {3, 4}}));
  EXPECT_EQ(server.requests()[1].Header("content-type"), "application/json");
}

TEST(Mlflow, TakesAColumnOfATableOfPredictions) {
  const std::string table = R"({"predictions":[{"a":1,"b":2},{"a":3,"b":4}]})";
  FakeServer server(Answering("/invocations", table));
  RemoteModelSettings settings = Settings(server, RemoteModelType::kMlflow);
  EXPECT_FALSE(Ask(settings, RowsOf(1, {1, 2})));
  settings.output = "b";
  const auto answer = Ask(settings, RowsOf(1, {1, 2}));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[1].values, std::vector{4.0});
}

TEST(Mlflow, TakesNoAnswerThatDoesNotFitTheRows) {
  for (const char* const body :
       {R"({"predictions":[1]})", R"({"predictions":[1,2,3]})", R"({"predictions":[NaN,1]})",
        R"({"predictions":[null,1]})", R"({"predictions":["1",1]})",
        R"({"predictions":[[1],[1,2]]})", R"({"predictions":[[],[]]})", R"({"predictions":1})",
        R"({})", R"([1,2])", "", "1"}) {
    FakeServer server(Answering("/invocations", body));
    const auto answer = Ask(Settings(server, RemoteModelType::kMlflow), RowsOf(1, {1, 2}));
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().code, base::ErrorCode::kParse) << body;
  }
}

TEST(Mlflow, ShowsTheMessageOfAFailureAndNotItsTrace) {
  FakeServer server(Answering(
      "/invocations",
      R"({"error_code":"BAD_REQUEST","message":"bad <table>","stack_trace":"secret.py"})", 400));
  const auto answer = Ask(Settings(server, RemoteModelType::kMlflow), RowsOf(1, {1}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message,
            "remote model \"remote\" (" + server.url() + "): HTTP 400: bad <table>");
}

TEST(KserveV1, SendsInstancesAndReadsPredictions) {
  FakeServer server(Answering("/v1/models/lags:predict", R"({"predictions":[[1,2],[3,4]]})"));
  const auto answer = Ask(Settings(server, RemoteModelType::kKserveV1), RowsOf(2, {1, 2, 3, 4}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)[1].values, (std::vector<double>{3, 4}));
  EXPECT_EQ(server.requests()[0].target, "/v1/models/lags");
  EXPECT_EQ(server.requests()[1].body, R"({"instances":[[1,2],[3,4]]})");
}

TEST(KserveV1, SendsNoRowsToAModelThatIsNotReady) {
  struct Case {
    int status;
    std::string body;
    base::ErrorCode code;
  };
  for (const Case& one :
       {Case{404, R"({"error":"Model with name lags does not exist."})",
             base::ErrorCode::kNotFound},
        Case{200, R"({"name":"lags","ready":false})", base::ErrorCode::kRejected},
        Case{200, R"({"model_version_status":[{"version":"1","state":"LOADING"}]})",
             base::ErrorCode::kRejected},
        Case{400, "", base::ErrorCode::kRejected}}) {
    FakeServer server([&one](const SeenRequest&) { return Reply::Of(one.status, one.body); });
    const auto answer = Ask(Settings(server, RemoteModelType::kKserveV1), RowsOf(1, {1}));
    ASSERT_FALSE(answer) << one.body;
    EXPECT_EQ(answer.error().code, one.code) << one.body;
    EXPECT_EQ(server.requests().size(), 1U);
  }
}

TEST(KserveV1, TellsTheVersionOfTensorflowServing) {
  FakeServer server([](const SeenRequest& request) {
    return request.method == "GET"
               ? Reply::Of(200, R"({"model_version_status":[{"version":"4","state":"AVAILABLE"}]})")
               : Reply::Of(200, R"({"predictions":[1]})");
  });
  const auto answer = Ask(Settings(server, RemoteModelType::kKserveV1), RowsOf(1, {1}));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0].model_version, "4");
}

TEST(TemplateModel, FillsTheRequestAndFollowsThePointer) {
  FakeServer server(Answering("/score", R"({"a/b":[{"y":[5,6]}]})"));
  RemoteModelSettings settings = Settings(server, RemoteModelType::kTemplate);
  settings.path = "/score";
  settings.request =
      R"({"in":"$rows","names":"$columns","n":"$count","$rows":"x","text":"a \"$rows"})";
  settings.response = "/a~1b/0/y";
  Rows rows = RowsOf(2, {1, 2, 3, 4});
  rows.names = {"$rows", "b"};
  const auto answer = Ask(settings, rows);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)[0].values[0], 5);
  EXPECT_EQ(server.requests()[0].body,
            R"({"in":[[1,2],[3,4]],"names":["$rows","b"],"n":2,"$rows":"x","text":"a \"$rows"})");
}

TEST(TemplateModel, AsksRowByRowWhereTheTemplateHoldsOne) {
  FakeServer server([](const SeenRequest& request) {
    return Reply::Of(
        200, R"({"y":)" + std::to_string(json::parse(request.body)["x"][0].get<int>()) + "}");
  });
  RemoteModelSettings settings = Settings(server, RemoteModelType::kTemplate);
  settings.request = R"({"x":"$row"})";
  settings.response = "/y";
  const auto answer = Ask(settings, RowsOf(1, {7, 8}));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[1].values[0], 8);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(TemplateModel, SaysWhereNothingWasFound) {
  FakeServer server(Answering("", R"({"y":[1]})"));
  RemoteModelSettings settings = Settings(server, RemoteModelType::kTemplate);
  settings.request = R"("$rows")";
  for (const char* const pointer : {"/z", "/y/1", "/y/-", "/y/x", "/y/0/a"}) {
    settings.response = pointer;
    const auto answer = Ask(settings, RowsOf(1, {1}));
    ASSERT_FALSE(answer) << pointer;
    EXPECT_EQ(answer.error().code, base::ErrorCode::kParse);
  }
}

TEST(Icos, SendsEveryFieldAndNoNull) {
  FakeServer server([](const SeenRequest& request) {
    return request.target == "/show_models"
               ? Reply::Of(200, R"({"models_count":1,"models_list":{"abc":"lags"}})")
               : Reply::Of(200, R"({"model_prediction":66.1,"model_confidence":97.9,)"
                                R"("95%_confidence_interval":"63.1 to 69.2","metric_type":2})");
  });
  const auto answer = Ask(Settings(server, RemoteModelType::kIcos), RowsOf(3, {1, 2, 3}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)[0].values[0], 66.1);
  EXPECT_EQ((*answer)[0].confidence, 97.9);
  EXPECT_EQ((*answer)[0].lower, 63.1);
  EXPECT_EQ((*answer)[0].upper, 69.2);
  EXPECT_EQ(json::parse(server.requests()[1].body),
            json({{"model_tag", "lags:latest"},
                  {"metric_type", 2},
                  {"steps_back", 3},
                  {"input_series", {{"input_1", {1, 2, 3}}}},
                  {"history_sample_size", 500},
                  {"data_interruption", false},
                  {"history_data", json::array()}}));
}

TEST(Icos, SendsNoRowsForAModelThatTheServerDoesNotList) {
  FakeServer server(
      Answering("/show_models", R"({"models_count":1,"models_list":{"abc":"other"}})"));
  const auto answer = Ask(Settings(server, RemoteModelType::kIcos), RowsOf(1, {1}));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("lags:latest"));
  EXPECT_THAT(answer.error().message, HasSubstr("other:abc"));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(IcosPrediction, UnwrapsListsAndReadsOneOutputAMetric) {
  const auto nested = ReadIcosPrediction(R"({"model_prediction":[[12.3, 4]],"metric_type":2})");
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->front().value, 12.3);
  const auto two =
      ReadIcosPrediction(R"({"metric_0":{"model_prediction":0.85,"model_confidence":-3},)"
                         R"("metric_1":{"model_prediction":[7]},"metric_type":2})");
  ASSERT_TRUE(two);
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ((*two)[0].confidence, -3);
  EXPECT_EQ((*two)[1].value, 7);
  const auto text = ReadIcosPrediction(R"({"model_prediction":"high"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->front().text, "high");
}

TEST(IcosPrediction, TakesNothingThatIsNoPrediction) {
  for (const char* const body :
       {R"({"model_prediction":[]})", R"({"model_prediction":[[]]})", R"({"model_prediction":NaN})",
        R"({"model_prediction":null})", R"({"model_prediction":true})",
        R"({"model_prediction":{}})", R"({"model_prediction":""})", R"({"metric_type":2})",
        R"({"metric_0":3})", R"("text")", "[1]", ""}) {
    EXPECT_FALSE(ReadIcosPrediction(body)) << body;
  }
}

TEST(IcosPrediction, ReadsAnIntervalOrLeavesItOut) {
  const auto interval = [](const std::string& text) {
    const auto read =
        ReadIcosPrediction(R"({"model_prediction":1,"95%_confidence_interval":")" + text + "\"}");
    return std::pair(read->front().lower, read->front().upper);
  };
  EXPECT_EQ(interval("-1.5 to 2e1"), std::pair(std::optional(-1.5), std::optional(20.0)));
  EXPECT_EQ(interval("[ 1 to  2 ]"), std::pair(std::optional(1.0), std::optional(2.0)));
  for (const char* const text : {"", "nan to nan", "3 to 1", "5", "to", "1 to", "a to b"}) {
    EXPECT_FALSE(interval(text).first) << text;
    EXPECT_FALSE(interval(text).second) << text;
  }
}

TEST(OipTensor, BringsEveryHalfBackAsItIs) {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    std::string bytes{static_cast<char>(bits & 255U), static_cast<char>(bits >> 8U)};
    const auto values = FromElements(bytes, "FP16");
    ASSERT_TRUE(values);
    EXPECT_EQ(ToElements(*values, "FP16"), bytes) << bits;
  }
  EXPECT_EQ(*FromElements(*ToElements({65504, -2, 0.1}, "FP16"), "FP16"),
            (std::vector<double>{65504, -2, 0.0999755859375}));
  EXPECT_FALSE(ToElements({65505}, "FP16"));
}

}  // namespace
}  // namespace promtally::inference
