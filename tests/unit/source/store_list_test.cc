// SPDX-License-Identifier: Apache-2.0
#include "source/store_list.h"

#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "unit/source/ask.h"

namespace promtally::source {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

StoreList ListOf(Source& source) {
  std::promise<StoreList> promise;
  source.ListStores([&](StoreList list) { promise.set_value(std::move(list)); });
  return promise.get_future().get();
}

StoreList Told(const Reply& reply) {
  FakeServer server([&](const SeenRequest& request) {
    return request.target == "/api/v1/stores" ? reply : Reply::Of(404, "");
  });
  return ListOf(*MakePrometheusSource(SettingsFor(server.url())));
}

// As Thanos 0.42 lists a sidecar that was killed beside a living receiver.
const char* const kTwo = R"({"status":"success","data":{
  "receive":[{"name":"127.0.0.1:19402","lastCheck":"2026-11-22T07:31:17Z","lastError":null,
    "labelSets":[{"tenant_id":"default-tenant","store":"a"}],"minTime":1748736000000}],
  "sidecar":[{"name":"127.0.0.1:19405","lastCheck":"2026-11-22T07:31:17Z",
    "lastError":"rpc error: code = DeadlineExceeded desc = \"connection refused\"",
    "labelSets":[{"store":"b"},{"store":"c\"d"}],"minTime":1748736000000}],
  "rule":null,"store":[]}})";

TEST(StoreList, NamesWhatAnswersAndWhatDoesNot) {
  const StoreList list = Told(Reply::Of(200, kTwo));
  ASSERT_FALSE(list.failure) << list.failure->detail;
  ASSERT_EQ(list.stores.size(), 2U);
  EXPECT_TRUE(list.stores[0].answers);
  EXPECT_EQ(list.stores[0].name, "127.0.0.1:19402");
  EXPECT_THAT(list.stores[0].label_sets, ElementsAre(R"({store="a",tenant_id="default-tenant"})"));
  EXPECT_FALSE(list.stores[1].answers);
  EXPECT_THAT(list.stores[1].last_error, HasSubstr("DeadlineExceeded"));
  EXPECT_THAT(list.stores[1].label_sets, ElementsAre(R"({store="b"})", R"({store="c\"d"})"));
}

TEST(StoreList, IsUnknownWhereTheAnswerIsNoList) {
  for (const char* body :
       {"", "{}", "<html>", R"({"status":"error","data":{}})", R"({"status":"success"})",
        R"({"status":"success","data":[]})", R"({"status":"success","data":{"store":[5]}})",
        R"({"status":"success","data":{"store":[{"lastError":null}]}})",
        R"({"status":"success","data":{"store":[{"name":"a","labelSets":[{"b":1}]}]}})",
        R"({"status":"success","data":{"store":[]}} x)"}) {
    const StoreList list = Told(Reply::Of(200, body));
    ASSERT_TRUE(list.failure) << body;
    EXPECT_EQ(list.failure->reason, "partial") << body;
    EXPECT_EQ(list.failure->disposition, Disposition::kOpen) << body;
    EXPECT_THAT(list.failure->detail, HasSubstr("whether a store is missing cannot be told"));
    EXPECT_TRUE(list.stores.empty());
  }
}

TEST(StoreList, KeepsTheReasonOfAServerThatDoesNotAnswer) {
  EXPECT_EQ(Told(Reply::Of(503, "busy")).failure->reason, "http_status");
  EXPECT_THAT(Told(Reply::Of(503, "busy")).failure->detail, HasSubstr("503: busy"));
  EXPECT_EQ(Told(Reply::Raw("", Reply::End::kReset)).failure->reason, "unreachable");
  EXPECT_EQ(Told(Reply::Of(200, kTwo).CutAfter(200)).failure->reason, "incomplete_body");
  EXPECT_EQ(Told(Reply::Of(302, "")).failure->reason, "partial");
}

constexpr base::Instant kTime = base::FromUnixSeconds(1748743200);

/// Asks a server that says that it is this application.
QueryFailure FailureOf(const std::string& query, const std::string& body,
                       const std::string& application = "Grafana Mimir") {
  FakeServer server([&](const SeenRequest& request) {
    const bool is_build = request.target.find("buildinfo") != std::string::npos;
    return Reply::Of(200, is_build
                              ? R"({"status":"success","data":{"version":"3.0.1","application":")" +
                                    application + "\"}}"
                              : body);
  });
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  static_cast<void>(Identify(*source));
  return Ask(*source, query, kTime).failure.value_or(QueryFailure{});
}

// Mimir's answer to an evaluation time that is older than max_query_lookback.
const char* const kEmptyMatrix =
    R"({"status":"success","data":{"resultType":"matrix","result":[]}})";

TEST(EmptyMatrix, IsALostPeriodWhereTheQueryMustGiveAVector) {
  for (const char* query : {"up", "sum by (project_id) (rate(x[1h]))", "vector(1)"}) {
    const QueryFailure failure = FailureOf(query, kEmptyMatrix);
    EXPECT_EQ(failure.reason, "lost") << query;
    EXPECT_EQ(failure.disposition, Disposition::kPermanent);
    EXPECT_THAT(failure.detail, HasSubstr("look back"));
  }
}

TEST(EmptyMatrix, IsAWrongTypeOfAServerThatIsNotMimir) {
  for (const char* application : {"Prometheus", "", "unknown"}) {
    const QueryFailure failure = FailureOf("up", kEmptyMatrix, application);
    EXPECT_EQ(failure.reason, "wrong_type") << application;
    EXPECT_EQ(failure.disposition, Disposition::kPermanent);
  }
}

TEST(EmptyMatrix, IsAWrongTypeWhereTheQueryAsksForOne) {
  EXPECT_EQ(FailureOf("up[5m]", kEmptyMatrix).reason, "wrong_type");
  EXPECT_EQ(FailureOf("rate(up)[", kEmptyMatrix).reason, "wrong_type");
}

TEST(EmptyMatrix, IsNotLostWhereAnythingElseIsWrongWithTheAnswer) {
  for (
      const char* body :
      {R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}})",
       R"({"status":"success","data":{"resultType":"matrix"}})",
       R"({"status":"success","data":{"resultType":"scalar","result":[]}})",
       R"({"status":"success","warnings":["w"],"data":{"resultType":"matrix","result":[]}})",
       R"({"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}})"}) {
    EXPECT_EQ(FailureOf("up", body).reason, "wrong_type") << body;
  }
}

}  // namespace
}  // namespace promtally::source
