// SPDX-License-Identifier: Apache-2.0
#include "source/vector_decoder.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace promtally::source {
namespace {

DecodedAnswer Decode(std::string_view body) {
  VectorDecoder decoder;
  EXPECT_TRUE(decoder.Write(body));
  return decoder.Finish();
}

/// A successful answer around the elements of `result`.
std::string Vector(const std::string& elements, const std::string& behind = "") {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + elements + "]}" +
         behind + "}";
}

std::string FaultOf(const std::string& element) { return Decode(Vector(element)).shape_fault; }

constexpr std::string_view kTwoSeries =
    R"({"status":"success","data":{"resultType":"vector","result":[)"
    R"({"metric":{"code":"200","project_id":"p\u00e9\"1\\"},"value":[1748743200.123,"1.5e-07"]},)"
    R"({"metric":{"code":"","project_id":"p2"},"value":[1748743200,"NaN"]}]},)"
    R"("warnings":["results truncated","PromQL info: a","PromQL warning: b"],"infos":["c"]})";

void ExpectTwoSeries(const DecodedAnswer& decoded) {
  EXPECT_TRUE(decoded.is_json) << decoded.json_error;
  EXPECT_EQ(decoded.status, "success");
  EXPECT_EQ(decoded.result_type, "vector");
  EXPECT_TRUE(decoded.has_result);
  EXPECT_EQ(decoded.shape_fault, "");
  ASSERT_EQ(decoded.answer.size(), 2U);
  EXPECT_EQ(decoded.answer.Label(0, "code"), "200");
  EXPECT_EQ(decoded.answer.Label(0, "project_id"), "p\xc3\xa9\"1\\");
  EXPECT_EQ(decoded.answer.value(0), "1.5e-07");
  EXPECT_EQ(decoded.answer.Label(1, "code"), "");
  EXPECT_EQ(decoded.answer.value(1), "NaN");
  EXPECT_EQ(decoded.answer.warnings(), std::vector<std::string>{"results truncated"});
  EXPECT_EQ(decoded.answer.infos(),
            (std::vector<std::string>{"PromQL info: a", "PromQL warning: b", "c"}));
}

TEST(VectorDecoder, ReadsSeriesAndRemarks) { ExpectTwoSeries(Decode(kTwoSeries)); }

TEST(VectorDecoder, GivesTheSameWhereverTheBytesAreCut) {
  for (std::size_t cut = 0; cut <= kTwoSeries.size(); ++cut) {
    VectorDecoder decoder;
    EXPECT_TRUE(decoder.Write(kTwoSeries.substr(0, cut)));
    EXPECT_TRUE(decoder.Write(kTwoSeries.substr(cut)));
    ExpectTwoSeries(decoder.Finish());
  }
  VectorDecoder decoder;
  for (const char& byte : kTwoSeries) {
    EXPECT_TRUE(decoder.Write({&byte, 1}));
  }
  ExpectTwoSeries(decoder.Finish());
}

TEST(VectorDecoder, TakesNoPrefixOfAnAnswerForJson) {
  for (std::size_t size = 0; size < kTwoSeries.size(); ++size) {
    EXPECT_FALSE(Decode(kTwoSeries.substr(0, size)).is_json) << size;
  }
}

TEST(VectorDecoder, TakesMembersInAnyOrderAndSkipsUnknownOnes) {
  const DecodedAnswer decoded = Decode(
      R"({"stats":{"seriesFetched":"2","deep":[[{"status":"error"}]]},"data":{"analysis":{},)"
      R"("result":[{"more":[1,{"metric":5}],"value":[1,"7"],"metric":{"a":"b"}}],)"
      R"("resultType":"vector"},"isPartial":false,"status":"success"})");
  EXPECT_TRUE(decoded.is_json);
  EXPECT_EQ(decoded.status, "success");
  EXPECT_EQ(decoded.shape_fault, "");
  EXPECT_FALSE(decoded.partial);
  ASSERT_EQ(decoded.answer.size(), 1U);
  EXPECT_EQ(decoded.answer.value(0), "7");
  EXPECT_EQ(decoded.answer.Label(0, "a"), "b");
}

TEST(VectorDecoder, KeepsNumbersAsTheTextThatWasSent) {
  for (const char* number : {"0.1", "3", "-0", "1e-400", "123456789012345678901234567890",
                             "1.7976931348623157e+308", "0.30000000000000004"}) {
    const DecodedAnswer decoded =
        Decode(Vector(std::string(R"({"metric":{},"value":[1,)") + number + "]}"));
    ASSERT_EQ(decoded.answer.size(), 1U);
    EXPECT_EQ(decoded.answer.value(0), number);
    EXPECT_EQ(decoded.shape_fault, "");
  }
}

TEST(VectorDecoder, MarksHistograms) {
  const DecodedAnswer decoded = Decode(
      Vector(R"({"metric":{"a":"b"},"histogram":[1,{"count":"8","buckets":[[0,"0.5","1","4"]]}]},)"
             R"({"metric":{"a":"c"},"value":[1,"2"]})"));
  EXPECT_EQ(decoded.shape_fault, "");
  ASSERT_EQ(decoded.answer.size(), 2U);
  EXPECT_TRUE(decoded.answer.series(0).histogram);
  EXPECT_FALSE(decoded.answer.series(1).histogram);
}

TEST(VectorDecoder, FindsEveryWrongShapeOfASeries) {
  EXPECT_EQ(FaultOf(R"({"metric":{"a":"b"},"value":[1,"2"]})"), "");
  for (const char* element : {R"({"metric":{"a":5},"value":[1,"2"]})",
                              R"({"metric":{"a":null},"value":[1,"2"]})",
                              R"({"metric":{"a":{}},"value":[1,"2"]})",
                              R"({"metric":{"a":["b"]},"value":[1,"2"]})",
                              R"({"metric":{"a":"b","a":"c"},"value":[1,"2"]})",
                              R"({"metric":{"a":"b"}})",
                              R"({"metric":{"a":"b"},"value":[1,""]})",
                              R"({"metric":{"a":"b"},"value":[1]})",
                              R"({"metric":{"a":"b"},"value":[]})",
                              R"({"metric":{"a":"b"},"value":[1,"2","3"]})",
                              R"({"metric":{"a":"b"},"value":[1,null]})",
                              R"({"metric":{"a":"b"},"value":[1,true]})",
                              R"({"metric":{"a":"b"},"value":[1,["2"]]})",
                              R"({"metric":{"a":"b"},"value":"2"})",
                              R"({"metric":{"a":"b"},"value":[1,"2"],"value":[1,"3"]})",
                              R"({"metric":{"a":"b"},"metric":{"c":"d"},"value":[1,"2"]})",
                              R"({"metric":{"a":"b"},"values":[[1,"2"]]})",
                              R"({"metric":["a"],"value":[1,"2"]})",
                              R"({"metric":null,"value":[1,"2"]})",
                              R"({"value":[1,"2"]})",
                              R"({})",
                              R"([1,"2"])",
                              R"("text")",
                              R"(5)",
                              R"(null)"}) {
    EXPECT_NE(FaultOf(element), "") << element;
  }
}

TEST(VectorDecoder, FindsAWrongShapeAroundTheSeries) {
  EXPECT_FALSE(Decode(R"({"status":"success","data":null})").has_result);
  EXPECT_FALSE(Decode(R"({"status":"success"})").has_result);
  EXPECT_NE(Decode(R"({"data":{"result":null}})").shape_fault, "");
  EXPECT_NE(Decode(R"({"data":{"result":{}}})").shape_fault, "");
  EXPECT_NE(Decode(R"({"data":{"result":[],"result":[]}})").shape_fault, "");
  EXPECT_NE(Decode(R"({"data":{},"data":{}})").shape_fault, "");
  EXPECT_NE(Decode(R"({"status":"success","status":"success"})").shape_fault, "");
  EXPECT_EQ(Decode(R"({"status":5})").status, std::nullopt);
  EXPECT_EQ(Decode(R"({"status":{"status":"success"}})").status, std::nullopt);
}

TEST(VectorDecoder, RemembersErrorsAndTypes) {
  const DecodedAnswer decoded =
      Decode(R"({"status":"error","errorType":"execution","error":"too much","data":null})");
  EXPECT_EQ(decoded.status, "error");
  EXPECT_EQ(decoded.error_type, "execution");
  EXPECT_EQ(decoded.error, "too much");
  EXPECT_EQ(
      Decode(R"({"status":"success","data":{"resultType":"matrix","result":[]}})").result_type,
      "matrix");
}

TEST(VectorDecoder, TakesAnythingButFalseForAPartialAnswer) {
  EXPECT_FALSE(Decode(Vector("", R"(,"isPartial":false)")).partial);
  EXPECT_FALSE(Decode(Vector("", R"(,"isPartial":null)")).partial);
  for (const char* value : {"true", "\"true\"", "1", "[]", "{}"}) {
    EXPECT_TRUE(Decode(Vector("", std::string(",\"isPartial\":") + value)).partial) << value;
  }
}

TEST(VectorDecoder, KeepsWarningsOfAnyForm) {
  for (const char* value : {"[5]", "[[]]", "[null]", "\"one\"", "{}", "true", "[\"one\"]"}) {
    EXPECT_EQ(Decode(Vector("", std::string(",\"warnings\":") + value)).answer.warnings().size(),
              1U)
        << value;
  }
  EXPECT_TRUE(Decode(Vector("", R"(,"warnings":null)")).answer.warnings().empty());
  EXPECT_TRUE(Decode(Vector("", R"(,"warnings":[])")).answer.warnings().empty());
}

TEST(VectorDecoder, KeepsARealWarningBehindManyRemarks) {
  std::string remarks;
  for (int remark = 0; remark < 500; ++remark) {
    remarks += "\"PromQL info: x\",";
  }
  const DecodedAnswer decoded = Decode(Vector("", ",\"warnings\":[" + remarks + "\"real\"]"));
  EXPECT_EQ(decoded.answer.infos().size(), 100U);
  EXPECT_EQ(decoded.answer.warnings(), std::vector<std::string>{"real"});
}

TEST(VectorDecoder, RefusesWhatIsNotExactlyOneJsonText) {
  const std::string good = Vector("");
  EXPECT_TRUE(Decode(good).is_json);
  EXPECT_TRUE(Decode(" \n" + good + " \r\n\t").is_json);
  for (const std::string& bad :
       {std::string(), std::string(" "), good + "x", good + good, good + " {}",
        "\xef\xbb\xbf" + good, good + std::string(1, '\0'), std::string("<html>"),
        std::string("{'a':1}"), std::string(R"({"a":1,})"),
        std::string(R"({"a":")") + "\xff" + R"("})", std::string(R"({"a":"\ud800"})"),
        std::string(R"({"a":NaN})")}) {
    EXPECT_FALSE(Decode(bad).is_json) << bad;
    EXPECT_NE(Decode(bad).json_error, "");
  }
}

TEST(VectorDecoder, RefusesNestingBeyond64) {
  const auto nested = [](int depth) {
    return R"({"x":)" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
  };
  EXPECT_TRUE(Decode(nested(64)).is_json);
  EXPECT_FALSE(Decode(nested(65)).is_json);
  EXPECT_FALSE(Decode(nested(100000)).is_json);
}

TEST(VectorDecoder, ReadsListsOfNamesAndTextsOfAnObject) {
  const DecodedAnswer names = Decode(R"({"status":"success","data":["b","a\n",""]})");
  EXPECT_TRUE(names.has_names);
  EXPECT_EQ(names.names, (std::vector<std::string>{"b", "a\n", ""}));
  EXPECT_NE(Decode(R"({"status":"success","data":["b",5]})").shape_fault, "");
  const DecodedAnswer members =
      Decode(R"({"data":{"version":"2.42.0","n":5,"features":{"version":"x"},"branch":""}})");
  EXPECT_EQ(members.members, (std::vector<std::pair<std::string, std::string>>{
                                 {"version", "2.42.0"}, {"branch", ""}}));
}

DecodedAnswer DecodeRaw(std::string_view body, RawDecoding raw, std::size_t piece = 1 << 20) {
  VectorDecoder decoder(raw);
  for (std::size_t at = 0; at < body.size(); at += piece) {
    EXPECT_TRUE(decoder.Write(body.substr(at, piece)));
  }
  return decoder.Finish();
}

constexpr std::string_view kMatrix =
    R"({"status":"success","data":{"resultType":"matrix","result":[)"
    R"({"metric":{"__name__":"c","i":"a"},"values":[[1748739600,"1"],[1748739660.001,"2.5"]]},)"
    R"({"metric":{"__name__":"c","i":"b"},"values":[]},)"
    R"({"metric":{"__name__":"h"},"histograms":[[1748739600,{"count":"800","sum":"1000",)"
    R"("buckets":[[0,"0.5","1","400"]]}],[1748739660,{"count":"900","sum":"1100"}]]}]}})";

TEST(RawDecoder, TakesTheSamplesOfEachSeries) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, kMatrix.size()}) {
    const DecodedAnswer answer = DecodeRaw(kMatrix, {std::nullopt, 100}, piece);
    EXPECT_TRUE(answer.is_json);
    EXPECT_EQ(answer.shape_fault, "");
    EXPECT_EQ(answer.result_type, "matrix");
    ASSERT_EQ(answer.samples.size(), 3U);
    ASSERT_EQ(answer.samples.samples(0).size(), 2U);
    EXPECT_EQ(answer.samples.samples(0)[1].time_ms(), 1748739660001);
    EXPECT_EQ(answer.samples.DecimalOf(answer.samples.samples(0)[1]).ToText(), "2.5");
    EXPECT_TRUE(answer.samples.samples(1).empty());
    EXPECT_TRUE(answer.samples.samples(2).empty());
    EXPECT_TRUE(answer.answer.series(2).histogram);
    EXPECT_FALSE(answer.too_many_samples);
  }
}

TEST(RawDecoder, TakesTheChosenPartOfAHistogram) {
  const auto texts = [](metering::HistogramPart part) {
    const DecodedAnswer answer = DecodeRaw(kMatrix, {part, 100});
    std::string found;
    for (const metering::RawSample& sample : answer.samples.samples(2)) {
      found += answer.samples.DecimalOf(sample).ToText() + " ";
    }
    return found;
  };
  EXPECT_EQ(texts(metering::HistogramPart::kCount), "800 900 ");
  EXPECT_EQ(texts(metering::HistogramPart::kSum), "1000 1100 ");
}

TEST(RawDecoder, KeepsNoMoreSamplesThanItMay) {
  const DecodedAnswer answer = DecodeRaw(kMatrix, {std::nullopt, 1});
  EXPECT_TRUE(answer.too_many_samples);
  EXPECT_EQ(answer.samples.sample_count(), 1U);
}

TEST(RawDecoder, RefusesWhatIsNoSample) {
  for (const std::string_view values :
       {R"([[1,"x"]])", R"([[1]])", R"(["1"])", R"([[1,null]])", R"({"a":1})", R"([[true,"1"]])",
        R"([[1,"1",2]])", R"([["soon","1"]])"}) {
    const std::string body =
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":)" +
        std::string(values) + "}]}}";
    const DecodedAnswer answer = DecodeRaw(body, {std::nullopt, 100});
    EXPECT_TRUE(answer.is_json) << values;
    EXPECT_NE(answer.shape_fault, "") << values;
  }
}

}  // namespace
}  // namespace promtally::source
