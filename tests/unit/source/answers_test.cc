// SPDX-License-Identifier: Apache-2.0
// The table of answers: each row through the real client from a server that says it.
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "source/classify.h"
#include "support/fake_server.h"
#include "unit/source/ask.h"

namespace promtally::source {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;

constexpr base::Instant kTime = base::FromUnixSeconds(1748743200);

constexpr std::string_view kGood =
    R"({"status":"success","data":{"resultType":"vector","result":[)"
    R"({"metric":{"code":"200","project_id":"p1"},"value":[1748743200,"300.25"]},)"
    R"({"metric":{"code":"500","project_id":"p2"},"value":[1748743200,"7"]}]}})";

std::string Empty(const std::string& behind) {
  return R"({"status":"success","data":{"resultType":"vector","result":[]})" + behind + "}";
}

std::string Error(std::string_view type, const std::string& text) {
  return R"({"status":"error","errorType":")" + std::string(type) + R"(","error":")" + text + "\"}";
}

class Answers : public testing::Test {
 protected:
  Answers() { settings_.timeout = base::Milliseconds(10000); }

  QueryOutcome Told(Reply reply) {
    server_.SetScript([reply = std::move(reply)](const SeenRequest&) { return reply; });
    return Ask(*source_, "up", kTime);
  }
  QueryFailure FailureOf(Reply reply) {
    const QueryOutcome outcome = Told(std::move(reply));
    EXPECT_TRUE(outcome.failure.has_value());
    return outcome.failure.value_or(QueryFailure{Disposition::kOpen, "none", "", {}, false, false});
  }
  QueryFailure FailureOf(int status, std::string_view body, const Reply::Headers& headers = {}) {
    return FailureOf(Reply::Of(status, body, headers));
  }
  static void Expect(const QueryFailure& failure, Disposition disposition, const char* reason,
                     const std::string& why = "") {
    EXPECT_EQ(failure.disposition, disposition) << why << failure.detail;
    EXPECT_EQ(failure.reason, reason) << why << failure.detail;
    EXPECT_FALSE(failure.detail.empty()) << why;
    EXPECT_LE(failure.detail.size(), 300U);
    EXPECT_EQ(failure.detail.find('\n'), std::string::npos);
  }

  FakeServer server_{[](const SeenRequest&) { return Reply::Of(200, kGood); }};
  config::SourceSettings settings_ = SettingsFor(server_.url());
  std::unique_ptr<Source> source_ = MakePrometheusSource(settings_);
};

TEST_F(Answers, TakesAWholeVector) {
  const QueryOutcome outcome =
      Told(Reply::Of(200, kGood, {{"Date", "Sun, 22 Nov 2026 10:04:30 GMT"}}));
  EXPECT_FALSE(outcome.failure.has_value());
  EXPECT_EQ(outcome.answer.size(), 2U);
  EXPECT_EQ(outcome.answer.value(0), "300.25");
  EXPECT_EQ(outcome.bytes, kGood.size());
  EXPECT_EQ(outcome.server_date, base::FromUnixSeconds(1795341870));
  EXPECT_FALSE(Told(Reply::Chunked(200, {std::string(kGood)})).failure.has_value());
  EXPECT_FALSE(Told(Reply::Of(200, Empty(""))).failure.has_value());
}

TEST_F(Answers, TakesInfosAndRemarksOnTheQueryButNoWarning) {
  const QueryOutcome outcome =
      Told(Reply::Of(200, Empty(R"(,"infos":["any"],"warnings":["PromQL info: a"])")));
  EXPECT_FALSE(outcome.failure.has_value());
  EXPECT_EQ(outcome.answer.infos(), (std::vector<std::string>{"any", "PromQL info: a"}));
  Expect(FailureOf(200, Empty(R"(,"warnings":["PromQL info: a","store\ndied"])")),
         Disposition::kRetry, "warnings");
  Expect(FailureOf(200, Empty(R"(,"isPartial":true)")), Disposition::kRetry, "partial");
}

TEST_F(Answers, NeverTakesAnAnswerThatIsCutAtAnyByte) {
  const Reply whole = Reply::Of(200, kGood);
  const std::size_t head = whole.bytes.size() - kGood.size();
  for (std::size_t kept = 0; kept < kGood.size(); ++kept) {
    Expect(FailureOf(whole.CutAfter(head + kept)), Disposition::kRetry, "incomplete_body",
           std::to_string(kept) + ": ");
    Expect(FailureOf(200, kGood.substr(0, kept)), Disposition::kRetry, "not_json",
           std::to_string(kept) + ": ");
    Expect(FailureOf(Reply::Chunked(200, {std::string(kGood.substr(0, kept))}, kept % 2 == 0)),
           Disposition::kRetry, kept % 2 == 0 ? "not_json" : "incomplete_body",
           std::to_string(kept) + ": ");
  }
  for (std::size_t kept = 0; kept < head; ++kept) {
    const QueryOutcome outcome = Told(whole.CutAfter(kept));
    EXPECT_TRUE(outcome.failure.has_value()) << kept;
  }
}

TEST_F(Answers, CallsABodyThatEndsWithItsConnectionWholeOnlyAsOneJsonText) {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_FALSE(Told(Reply::Raw(head + std::string(kGood))).failure.has_value());
  for (std::size_t kept = 1; kept < kGood.size(); ++kept) {
    Expect(FailureOf(Reply::Raw(head + std::string(kGood.substr(0, kept)))), Disposition::kRetry,
           "not_json", std::to_string(kept) + ": ");
  }
}

TEST_F(Answers, RetriesConnectionErrorsAndTimeOutsAndCountsThem) {
  QueryFailure failure = FailureOf(Reply::Raw("", Reply::End::kReset));
  Expect(failure, Disposition::kRetry, "unreachable");
  EXPECT_TRUE(failure.connection);
  settings_.timeout = base::Milliseconds(100);
  source_ = MakePrometheusSource(settings_);
  failure = FailureOf(Reply::Raw("", Reply::End::kStall));
  Expect(failure, Disposition::kRetry, "timeout");
  EXPECT_TRUE(failure.connection);
}

TEST_F(Answers, RetriesStatusesThatMayPass) {
  for (const int status : {401, 403, 404, 407, 408, 429, 500, 502, 503, 504, 418, 409, 599}) {
    const QueryFailure failure = FailureOf(status, "no org id\r\n");
    Expect(failure, Disposition::kRetry, "http_status", std::to_string(status));
    EXPECT_FALSE(failure.connection);
    EXPECT_TRUE(failure.detail.starts_with("HTTP " + std::to_string(status) + ": no org id"));
  }
}

TEST_F(Answers, RetriesBodiesThatAreNoJsonOrHaveNoStatus) {
  for (const char* body : {"", "<html>login</html>", "{\"status\":\"success\"", "{}{}"}) {
    Expect(FailureOf(200, body), Disposition::kRetry, "not_json", body);
  }
  Expect(FailureOf(200, std::string(kGood) + "x"), Disposition::kRetry, "not_json");
  Expect(FailureOf(204, ""), Disposition::kRetry, "not_json");
  for (const char* body : {"{}", "[]", "5", R"({"status":"ok"})", R"({"status":null})",
                           R"({"data":{"resultType":"vector","result":[]}})"}) {
    Expect(FailureOf(200, body), Disposition::kRetry, "bad_status", body);
  }
}

TEST_F(Answers, FailsForGoodOnTextsThatNoRetryChanges) {
  for (
      const char* text :
      {R"(invalid parameter \"query\": 1:1: parse error: unknown function with name \"irange\")",
       R"(1:1: parse error: unknown function with name \"irange\")",
       R"(error when executing query=\"irange(c[1h])\" for (time=1, step=2): unsupported function \"irange\")",
       R"(error when executing query=\"irange(c[1h])\" for (time=1, step=2): unknown func \"irange\")",
       R"(error when executing query=\"sum(\" for (time=1, step=2): singleExpr: unexpected token \"\"; want \"(\"; unparsed data: \"\")",
       R"(found duplicate series for the match group {a=\"b\"} on the right hand-side of the operation: [];many-to-many matching not allowed: matching labels must be unique on one side)",
       R"(duplicate time series on the left side of * on(project_id): {} and {})",
       R"(vector cannot contain metrics with the same labelset)"}) {
    for (const int status : {200, 400, 422}) {
      Expect(FailureOf(status, Error("execution", text)), Disposition::kPermanent, "query_error",
             std::to_string(status) + ": ");
    }
  }
}

TEST_F(Answers, SplitsAndRetriesWhatIsTooMuchForTheServer) {
  for (const char* text :
       {"query processing would load too many samples into memory in query execution",
        "expanding series: context deadline exceeded",
        "the query exceeded the maximum number of series (err-mimir-max-series-per-query)",
        "expanding series: proxy Series(): fetch series: connection refused",
        R"(cannot select more samples of {project_id=\"parse error\"})"}) {
    for (const int status : {200, 422}) {
      const QueryFailure failure = FailureOf(status, Error("execution", text));
      Expect(failure, Disposition::kSplit, "query_error", std::to_string(status) + ": ");
      EXPECT_FALSE(failure.over_byte_limit);
    }
  }
  Expect(FailureOf(503, Error("timeout", "query timed out in expression evaluation")),
         Disposition::kSplit, "query_error");
  Expect(FailureOf(400, Error("400", "too long query; got 20000 bytes")), Disposition::kSplit,
         "query_error");
}

TEST_F(Answers, SplitsWhatIsTooLarge) {
  const QueryFailure refused = FailureOf(413, "Request Entity Too Large");
  Expect(refused, Disposition::kSplit, "too_large");
  EXPECT_TRUE(refused.over_byte_limit);
  const QueryFailure over = FailureOf(
      Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n" + std::string(kGood)));
  Expect(over, Disposition::kSplit, "too_large");
  EXPECT_TRUE(over.over_byte_limit);
}

TEST_F(Answers, TakesABadRequestOfAProxyForPassing) {
  Expect(FailureOf(400, "<html>parse error</html>"), Disposition::kRetry, "http_status");
  Expect(FailureOf(400, Error("bad_data", "invalid parameter \\\"time\\\"")), Disposition::kRetry,
         "http_status");
}

TEST_F(Answers, FailsForGoodOnAnotherTypeOfResult) {
  for (
      const char* body :
      {R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}})",
       R"({"status":"success","data":{"resultType":"scalar","result":[1,"1"]}})",
       R"({"status":"success","data":{"resultType":"string","result":[1,"x"]}})",
       R"({"status":"success","data":null})", R"({"status":"success"})",
       R"({"status":"success","data":[]})",
       R"({"status":"success","data":{"resultType":"vector"}})",
       R"({"status":"success","data":{"resultType":"vector","result":null}})",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}})"}) {
    Expect(FailureOf(200, body), Disposition::kPermanent, "wrong_type", body);
  }
}

TEST_F(Answers, FailsForGoodOnARefusedRedirect) {
  for (const int status : {301, 302, 303, 307, 308, 304}) {
    Expect(FailureOf(status, "", {{"Location", server_.url() + "/login"}}), Disposition::kPermanent,
           "redirect");
  }
}

TEST_F(Answers, HonoursRetryAfterUpToOneHour) {
  const auto after = [&](const std::string& value) {
    return FailureOf(429, "slow down",
                     {{"Retry-After", value}, {"Date", "Sun, 22 Nov 2026 10:00:00 GMT"}})
        .retry_after;
  };
  EXPECT_EQ(after("7"), base::Milliseconds(7000));
  EXPECT_EQ(after("0"), base::Milliseconds(0));
  EXPECT_EQ(after("Sun, 22 Nov 2026 10:02:00 GMT"), base::Milliseconds(120000));
  EXPECT_EQ(after("Sun, 22 Nov 2026 09:00:00 GMT"), base::Milliseconds(0));
  EXPECT_EQ(after("Sun, 29 Nov 2026 10:00:00 GMT"), base::Milliseconds(3600000));
  EXPECT_EQ(after("86400"), base::Milliseconds(3600000));
  EXPECT_EQ(after("99999999999999999999999"), base::Milliseconds(3600000));
  EXPECT_EQ(after("soon"), std::nullopt);
  EXPECT_EQ(after("-5"), std::nullopt);
  EXPECT_EQ(FailureOf(500, "").retry_after, std::nullopt);
}

TEST(OneLine, EscapesControlsAndBrokenBytesAndCutsAt300) {
  EXPECT_EQ(OneLine("a\tb\r\n\x1b[31m\x7f"), "a\\x09b\\x0d\\x0a\\x1b[31m\\x7f");
  EXPECT_EQ(OneLine("\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80"),
            "\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80");
  EXPECT_EQ(OneLine("\xc2\x85\xff\xc3"), "\\xc2\\x85\\xff\\xc3");
  std::string snow;
  for (int flake = 0; flake < 200; ++flake) {
    snow += "\xe2\x98\x83";
  }
  const std::string cut = OneLine(snow);
  EXPECT_EQ(cut.size(), 300U);
  EXPECT_TRUE(cut.ends_with("\x83..."));
}

TEST_F(Answers, TakesEachRecordedAnswerWithItsValuesAsText) {
  std::ifstream file(PROMTALLY_TEST_DATA "/cloudkitty/answers.jsonl");
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    const std::string body(boost::json::parse(line).at("body").as_string());
    const boost::json::value parsed = boost::json::parse(body);
    const auto& result = parsed.at("data").at("result").as_array();
    const QueryOutcome outcome = Told(Reply::Of(200, body));
    ASSERT_FALSE(outcome.failure.has_value()) << body << outcome.failure->detail;
    ASSERT_EQ(outcome.answer.size(), result.size()) << body;
    for (std::size_t index = 0; index < result.size(); ++index) {
      const boost::json::value& value = result[index].at("value").at(1);
      EXPECT_NE(body.find(outcome.answer.value(index)), std::string::npos);
      EXPECT_TRUE(!value.is_string() || value.as_string() == outcome.answer.value(index)) << body;
      EXPECT_EQ(result[index].at("metric").as_object().size(), outcome.answer.label_count(index));
    }
  }
  EXPECT_GT(rows, 50U);
}

}  // namespace
}  // namespace promtally::source
