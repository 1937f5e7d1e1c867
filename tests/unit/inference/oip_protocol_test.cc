// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "unit/inference/remote_fixture.h"

namespace promtally::inference {
namespace {

using config::MissingPolicy;
using config::RemoteModelType;
using nlohmann::json;
using test::FakeServer;
using test::Reply;
using test::SeenRequest;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kInfer = "/v2/models/lags/infer";

/// The sum of each row, as a server of the protocol answers.
Reply Sums(const SeenRequest& request) {
  const json asked = json::parse(request.body);
  const json& input = asked["inputs"][0];
  const auto columns = input["shape"][1].get<std::size_t>();
  json data = json::array();
  for (std::size_t i = 0; i < input["data"].size(); i += columns) {
    double sum = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      sum += input["data"][i + j].get<double>();
    }
    data.push_back(sum);
  }
  const json answer = {
      {"model_name", "lags"},
      {"model_version", "7"},
      {"id", asked["id"]},
      {"outputs",
       {{{"name", "predict"}, {"datatype", "FP32"}, {"shape", {data.size(), 1}}, {"data", data}}}}};
  return Reply::Of(200, answer.dump());
}

/// Answers every infer request with this text.
OipScript Saying(const std::string& body) {
  return {.infer = [body](const SeenRequest&) { return Reply::Of(200, body); }};
}

base::Result<std::vector<Prediction>> Ask(const FakeServer& server, const Rows& rows,
                                          RemoteModelType type = RemoteModelType::kOipV2) {
  return RemoteModel(Settings(server, type)).Predict(rows, {});
}

TEST(OipProtocol, SendsAllRowsInOneRequestAsTheMetadataSay) {
  FakeServer server(OipScript{.infer = Sums});
  const auto answer = Ask(server, RowsOf(3, {1, 2, 3, 0.1, 0.2, 0.3}));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->size(), 2U);
  EXPECT_EQ((*answer)[0].values, std::vector{6.0});
  EXPECT_NEAR((*answer)[1].values[0], 0.6, 1e-9);
  EXPECT_EQ((*answer)[0].model_version, "7");
  ASSERT_EQ(Asked(server, kInfer), 1U);
  const json sent = json::parse(server.requests().back().body);
  EXPECT_EQ(sent["inputs"][0]["name"], "input_series");
  EXPECT_EQ(sent["inputs"][0]["datatype"], "FP32");
  EXPECT_EQ(sent["inputs"][0]["shape"], json({2, 3}));
  EXPECT_EQ(sent["inputs"][0]["data"].dump(), "[1,2,3,0.1,0.2,0.3]");
}

TEST(OipProtocol, AsksAboutTheModelOnceAndGivesEqualRowsAnEqualId) {
  FakeServer server(OipScript{.infer = Sums});
  const RemoteModel model(Settings(server, RemoteModelType::kOipV2));
  for (const double last : {3.0, 3.0, 4.0}) {
    EXPECT_TRUE(model.Predict(RowsOf(3, {1, 2, last}), {}));
  }
  EXPECT_EQ(Asked(server, "/v2/models/lags"), 1U);
  std::vector<std::string> ids;
  for (const SeenRequest& request : server.requests()) {
    if (request.target == kInfer) {
      ids.push_back(json::parse(request.body)["id"].get<std::string>());
    }
  }
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
}

TEST(OipProtocol, SendsNoRowsWhereModelAndSettingsDiffer) {
  struct Case {
    std::string metadata;
    std::string ours;
    std::string theirs;
  };
  const auto tensor = [](const std::string& name, const std::string& type,
                         const std::string& shape) {
    return R"({"name":"lags","inputs":[{"name":")" + name + R"(","datatype":")" + type +
           R"(","shape":)" + shape + R"(}],"outputs":[{"name":"predict","datatype":"FP32",)" +
           R"("shape":[-1,1]}]})";
  };
  const std::vector<Case> cases{
      {tensor("input_series", "FP32", "[-1,12]"), "[2,3]", "[-1,12]"},
      {tensor("input_series", "FP32", "[5,3]"), "[2,3]", "[5,3]"},
      {tensor("input_series", "FP32", "[12]"), "[2,3]", "[12]"},
      {tensor("input_series", "FP32", "[-1,2,2]"), "[2,3]", "[-1,2,2]"},
      {tensor("input_series", "BYTES", "[-1,3]"), "FP32", "BYTES"},
      {tensor("input_series", "INT64", "[-1,3]"), "FP32", "INT64"},
      {tensor("other", "FP32", "[-1,3]"), "\"input_series\"", "\"other\""},
      {R"({"name":"wrong","inputs":[]})", "\"lags\"", "\"wrong\""},
      {R"({"name":"lags","inputs":[{"name":"input_series","datatype":"FP32","shape":[-1,3]}],)"
       R"("outputs":[{"name":"a","datatype":"FP32","shape":[1]}]})",
       "\"predict\"", "\"a\""},
      {R"({"name":"lags","inputs":[{"name":"input_series","datatype":"FP32","shape":[-1,3]}],)"
       R"("outputs":[{"name":"predict","datatype":"BYTES","shape":[1]}]})",
       "numbers", "BYTES"}};
  for (const Case& one : cases) {
    FakeServer server(OipScript{.metadata = one.metadata, .infer = Sums});
    config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
    settings.input = "input_series";
    settings.output = "predict";
    const auto answer = RemoteModel(settings).Predict(RowsOf(3, {1, 2, 3, 4, 5, 6}), {});
    ASSERT_FALSE(answer) << one.metadata;
    EXPECT_THAT(answer.error().message, AllOf(HasSubstr(one.ours), HasSubstr(one.theirs)));
    EXPECT_EQ(Asked(server, kInfer), 0U) << one.metadata;
  }
}

TEST(OipProtocol, SendsNoRowsToAModelThatIsUnknownOrNotReady) {
  FakeServer unknown(
      [](const SeenRequest&) { return Reply::Of(404, R"({"error":"Model lags not found"})"); });
  const auto nothing = Ask(unknown, RowsOf(1, {1}));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, base::ErrorCode::kNotFound);
  EXPECT_THAT(nothing.error().message, HasSubstr("Model lags not found"));

  FakeServer loading(OipScript{.ready = 400, .infer = Sums});
  const auto early = Ask(loading, RowsOf(3, {1, 2, 3}));
  ASSERT_FALSE(early);
  EXPECT_THAT(early.error().message, HasSubstr("not ready"));
  EXPECT_EQ(Asked(loading, kInfer), 0U);
}

TEST(OipProtocol, TakesAServerWithoutMetadataWithAWarning) {
  FakeServer server(
      OipScript{.metadata = R"({"name":"lags","versions":null,"inputs":[]})", .infer = Sums});
  const RemoteModel model(Settings(server, RemoteModelType::kOipV2));
  const auto description = model.Describe();
  ASSERT_TRUE(description);
  EXPECT_THAT(description->warnings, testing::ElementsAre(HasSubstr("no metadata")));
  EXPECT_TRUE(model.Predict(RowsOf(2, {1, 2}), {}));
}

TEST(OipProtocol, FillsDimensionsThatAreOpen) {
  FakeServer server(
      OipScript{.metadata = R"({"name":"lags","inputs":[{"name":"x","datatype":"FP64",)"
                            R"("shape":[-1,-1,1]}]})",
                .infer = [](const SeenRequest& request) {
                  EXPECT_THAT(request.body, HasSubstr(R"("shape":[2,3,1])"));
                  return Reply::Of(200, R"({"outputs":[{"name":"y","datatype":"FP64",)"
                                        R"("shape":[2],"data":[1,2]}]})");
                }});
  EXPECT_TRUE(Ask(server, RowsOf(3, {1, 2, 3, 4, 5, 6})));
}

TEST(OipProtocol, TakesNoAnswerThatDoesNotFitTheRows) {
  const std::string front = R"({"outputs":[{"name":"predict","datatype":"FP32",)";
  for (const std::string& body :
       {front + R"("shape":[1,1],"data":[1]}]})",
        front + R"("shape":[3,1],"data":[1,2,3]}]})",
        front + R"("shape":[2,1],"data":[1]}]})",
        front + R"("shape":[2,1],"data":[1,2,3]}]})",
        front + R"("shape":[2,2],"data":[1,2,3,4]}]})",
        front + R"("shape":[2,1],"data":[1,null]}]})",
        front + R"("shape":[2,1],"data":[1,"2"]}]})",
        front + R"("shape":[2,1],"data":[1,true]}]})",
        front + R"("shape":[2,1],"data":[1,NaN]}]})",
        front + R"("shape":[2,1],"data":[1,1e999]}]})",
        front + R"("shape":[2,1],"data":[1,2]}]} x)",
        front + R"("shape":[-2,1],"data":[1,2]}]})",
        front + R"("shape":[2,18446744073709551615],"data":[1,2]}]})",
        front + R"("data":[1,2]}]})",
        std::string(R"({"outputs":[{"name":"predict","datatype":"BYTES","shape":[2,1],)"
                    R"("data":[1,2]}]})"),
        std::string(R"({"id":"other","outputs":[{"name":"predict","datatype":"FP32",)"
                    R"("shape":[2,1],"data":[1,2]}]})"),
        std::string(R"({"outputs":[]})"),
        std::string("[]"),
        std::string("12"),
        std::string("")}) {
    FakeServer server(Saying(body));
    const auto answer = Ask(server, RowsOf(3, {1, 2, 3, 4, 5, 6}));
    EXPECT_FALSE(answer) << body;
    EXPECT_EQ(answer ? base::ErrorCode::kInternal : answer.error().code, base::ErrorCode::kParse)
        << body;
  }
}

TEST(OipProtocol, HalvesTheRowsOfARequestThatIsTooLarge) {
  std::vector<std::size_t> sizes;
  FakeServer server(OipScript{.infer = [&sizes](const SeenRequest& request) {
    sizes.push_back(json::parse(request.body)["inputs"][0]["shape"][0].get<std::size_t>());
    return sizes.back() > 2 ? Reply::Of(413, "") : Sums(request);
  }});
  std::vector<double> values(5 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<double>(i);
  }
  const auto answer = Ask(server, RowsOf(3, values));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->size(), 5U);
  EXPECT_EQ((*answer)[4].values[0], 12 + 13 + 14);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{5, 3, 2, 2, 1}));
}

TEST(OipProtocol, SplitsRowsByTheLimitOfTheSettings) {
  FakeServer server(OipScript{.infer = Sums});
  config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
  settings.max_batch_rows = 2;
  const auto answer = RemoteModel(settings).Predict(RowsOf(3, std::vector<double>(15, 1.0)), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->size(), 5U);
  EXPECT_EQ(Asked(server, kInfer), 3U);
}

TEST(OipProtocol, SaysOfEachRowWithAGapWhyItIsNotPredicted) {
  for (const MissingPolicy policy : {MissingPolicy::kRefuse, MissingPolicy::kDrop}) {
    FakeServer server(OipScript{.infer = Sums});
    config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
    settings.missing = policy;
    const auto answer =
        RemoteModel(settings).Predict(RowsOf(3, {1, 2, 3, 1, kGap, 3, 4, 5, 6}), {});
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[0].values[0], 6);
    EXPECT_TRUE((*answer)[1].values.empty());
    EXPECT_THAT((*answer)[1].reason, HasSubstr("value 2 is missing"));
    EXPECT_EQ((*answer)[2].values[0], 15);
  }
}

TEST(OipProtocol, HoldsTheValueBeforeAGap) {
  FakeServer server(OipScript{.infer = Sums});
  config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
  settings.missing = MissingPolicy::kHold;
  const auto answer = RemoteModel(settings).Predict(RowsOf(3, {1, kGap, kGap, kGap, 1, 2}), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0].values[0], 3);
  EXPECT_THAT((*answer)[1].reason, HasSubstr("nothing to hold"));
}

TEST(OipProtocol, SendsAMaskBesideAGapAndNeverAPlainZero) {
  OipScript script{.infer = Sums};
  script.metadata = R"({"name":"lags","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]},)"
                    R"({"name":"x_mask","datatype":"BOOL","shape":[-1,3]}],"outputs":[]})";
  FakeServer server(script);
  config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2);
  settings.missing = MissingPolicy::kMask;
  const auto answer = RemoteModel(settings).Predict(RowsOf(3, {1, kGap, 3}), {});
  ASSERT_TRUE(answer) << answer.error().message;
  const json sent = json::parse(server.requests().back().body);
  ASSERT_EQ(sent["inputs"].size(), 2U);
  EXPECT_EQ(sent["inputs"][0]["data"], json({1, 0, 3}));
  EXPECT_EQ(sent["inputs"][1]["name"], "x_mask");
  EXPECT_EQ(sent["inputs"][1]["datatype"], "BOOL");
  EXPECT_EQ(sent["inputs"][1]["data"], json({false, true, false}));

  FakeServer without(OipScript{.infer = Sums});
  config::RemoteModelSettings same = Settings(without, RemoteModelType::kOipV2);
  same.missing = MissingPolicy::kMask;
  const auto refused = RemoteModel(same).Predict(RowsOf(3, {1, kGap, 3}), {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("input_series_mask"));
  EXPECT_EQ(Asked(without, kInfer), 0U);
}

/// What a binary request holds behind its JSON text.
std::vector<float> FloatsOf(const SeenRequest& request) {
  const auto length = std::stoul(request.Header("inference-header-content-length"));
  std::vector<float> floats((request.body.size() - length) / sizeof(float));
  std::memcpy(floats.data(), request.body.data() + length, floats.size() * sizeof(float));
  return floats;
}

Reply BinaryAnswer(const std::string& text, const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return Reply::Of(200, text + bytes,
                   {{"Inference-Header-Content-Length", std::to_string(text.size())}});
}

TEST(OipProtocol, CarriesNanAndAnswersInBinaryTensors) {
  const std::string text =
      R"({"model_version":"2","outputs":[{"name":"predict","datatype":"FP32","shape":[2,1],)"
      R"("parameters":{"binary_data_size":8}}]})";
  FakeServer server(OipScript{.infer = [&text](const SeenRequest& request) {
    const std::vector<float> floats = FloatsOf(request);
    EXPECT_EQ(floats.size(), 6U);
    EXPECT_EQ(floats[0], 1.5F);
    EXPECT_TRUE(std::isnan(floats[1]));
    EXPECT_THAT(request.body, HasSubstr(R"("binary_data_size":24)"));
    return BinaryAnswer(text, {0.1F, 2.0F});
  }});
  config::RemoteModelSettings settings = Settings(server, RemoteModelType::kOipV2Binary);
  settings.missing = MissingPolicy::kNan;
  const auto answer = RemoteModel(settings).Predict(RowsOf(3, {1.5, kGap, 3, 4, 5, 6}), {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)[0].values[0], static_cast<double>(0.1F));
  EXPECT_EQ((*answer)[1].values[0], 2);
  EXPECT_EQ((*answer)[1].model_version, "2");
}

TEST(OipProtocol, TakesNoBinaryAnswerThatDoesNotFit) {
  const auto head = [](const std::string& bytes) {
    return R"({"outputs":[{"name":"predict","datatype":"FP32","shape":[1,1],)"
           R"("parameters":{"binary_data_size":)" +
           bytes + "}}]}";
  };
  for (const Reply& reply :
       {BinaryAnswer(head("8"), {1}), BinaryAnswer(head("8"), {1, 2}), BinaryAnswer(head("3"), {1}),
        BinaryAnswer(head("4"), {std::numeric_limits<float>::quiet_NaN()}),
        BinaryAnswer(head("4"), {std::numeric_limits<float>::infinity()}),
        Reply::Of(200, "{}", {{"Inference-Header-Content-Length", "12"}}),
        Reply::Of(200, "{}", {{"Inference-Header-Content-Length", "x"}})}) {
    FakeServer server(OipScript{.infer = [&reply](const SeenRequest&) { return reply; }});
    const auto answer = Ask(server, RowsOf(3, {1, 2, 3}), RemoteModelType::kOipV2Binary);
    ASSERT_FALSE(answer) << reply.bytes;
    EXPECT_EQ(answer.error().code, base::ErrorCode::kParse) << answer.error().message;
  }
}

TEST(OipProtocol, RefusesAValueThatTheDatatypeCannotHold) {
  FakeServer server(OipScript{.infer = Sums});
  const auto answer = Ask(server, RowsOf(3, {1, 2, 1e300}));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("does not fit FP32"));
  EXPECT_EQ(Asked(server, kInfer), 0U);
}

}  // namespace
}  // namespace promtally::inference
