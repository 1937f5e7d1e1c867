// SPDX-License-Identifier: Apache-2.0
#include "unit/collector/period_fetch_fixture.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>

namespace promtally::collector {

using source::Disposition;
using source::QueryOutcome;

PeriodFetchTest::PeriodFetchTest() {
  spec_.metric = spec_.name = "requests";
  spec_.groupby = {"project_id"};
  request_.scope_key = "project_id";
  request_.period = kPeriod;
}

FetchResult PeriodFetchTest::Run() {
  if (!gate_) {
    gate_ = std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_),
                                         concurrency_);
  }
  request_.spec = std::make_shared<const metering::MetricSpec>(spec_);
  std::optional<FetchResult> fetched;
  auto guard = boost::asio::make_work_guard(loop_);
  loop_.restart();
  Fetch(gate_, request_, [&](FetchResult result) {
    EXPECT_FALSE(fetched) << "done was called twice";
    fetched = std::move(result);
    guard.reset();
  });
  loop_.run_for(std::chrono::seconds(120));
  EXPECT_TRUE(fetched) << "the fetch did not end";
  return fetched.value_or(FetchResult{});
}

void PeriodFetchTest::FailFirst(int times, std::function<QueryOutcome()> failure) {
  script_->query = [this, times, failure = std::move(failure)](const AskedQuery&) {
    return ++answered_ <= times ? failure() : Answered({{{{"project_id", "p1"}}, "5"}});
  };
}

void PeriodFetchTest::Discoverable(std::vector<std::string> scopes) {
  script_->values = [scopes = std::move(scopes)](metering::Period) {
    return source::Source::LabelValues{scopes, std::nullopt};
  };
}

std::vector<std::string> Scopes(int count) {
  std::vector<std::string> scopes;
  for (int i = 0; i < count; ++i) {
    scopes.push_back("p" + std::to_string(1000 + i));
  }
  return scopes;
}

namespace {

/// How many scopes a query names.
std::size_t ScopesIn(const AskedQuery& query) {
  if (query.text.find("project_id=") == std::string::npos) {
    return 0;
  }
  return 1 + static_cast<std::size_t>(std::count(query.text.begin(), query.text.end(), '|'));
}

}  // namespace

std::function<QueryOutcome(const AskedQuery&)> AtMost(std::size_t most, bool over_byte_limit) {
  return [=](const AskedQuery& query) {
    if (const std::size_t scopes = ScopesIn(query); scopes > 0 && scopes <= most) {
      return Answered({{{{"project_id", "x" + std::to_string(scopes)}}, "1"}});
    }
    QueryOutcome outcome =
        Failing(Disposition::kSplit, over_byte_limit ? "too_large" : "query_error");
    outcome.failure->over_byte_limit = over_byte_limit;
    return outcome;
  };
}

}  // namespace promtally::collector
