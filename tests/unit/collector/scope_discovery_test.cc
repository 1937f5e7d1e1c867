// SPDX-License-Identifier: Apache-2.0
#include "collector/scope_discovery.h"

#include <algorithm>

#include <boost/asio/executor_work_guard.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "unit/collector/scripted_source.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using source::Source;
using ::testing::SizeIs;

std::vector<std::string> Scopes(int count) {
  std::vector<std::string> scopes;
  for (int i = 0; i < count; ++i) {
    scopes.push_back("p" + std::to_string(10000 + i));
  }
  return scopes;
}

/// Those of `scopes` that the last matcher of a selector takes.
std::vector<std::string> Matching(const std::vector<std::string>& scopes,
                                  const std::string& selector) {
  std::string op;
  std::string text;
  EXPECT_TRUE(RE2::FullMatch(selector,
                             R"text(requests\{(?:project_id!="",)?project_id(=|=~|!=)"(.*)"\})text",
                             &op, &text));
  RE2::GlobalReplace(&text, R"(\\\\)", R"(\\)");
  std::vector<std::string> matching;
  for (const std::string& scope : scopes) {
    if (op == "!=" || (op == "=" ? scope == text : RE2::FullMatch(scope, text))) {
      matching.push_back(scope);
    }
  }
  return matching;
}

class ScopeDiscoveryTest : public ::testing::Test {
 protected:
  Discovery Run() {
    metering::MetricSpec spec;
    spec.metric = spec.name = "requests";
    const auto gate =
        std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_), 2);
    DiscoveryRequest request;
    request.spec = std::make_shared<const metering::MetricSpec>(spec);
    request.scope_key = "project_id";
    request.retries.gate = gate;
    std::optional<Discovery> found;
    auto guard = boost::asio::make_work_guard(loop_);
    DiscoverScopes(request, [&](Discovery discovery) {
      found = std::move(discovery);
      guard.reset();
    });
    loop_.run_for(std::chrono::seconds(120));
    EXPECT_TRUE(found) << "the discovery did not end";
    return found.value_or(Discovery{});
  }

  /// A server with these scopes that does `above` to a list with more than `most` of them.
  void Serve(std::vector<std::string> scopes, std::size_t most,
             std::function<void(Source::LabelValues&)> above) {
    script_->values_of = [this, scopes = std::move(scopes), most,
                          above = std::move(above)](const std::string& selector) {
      ++asked_;
      Source::LabelValues values{Matching(scopes, selector), std::nullopt};
      if (values.values.size() > most) {
        above(values);
      }
      return values;
    };
  }

  boost::asio::io_context loop_;
  std::shared_ptr<SourceScript> script_ = std::make_shared<SourceScript>();
  int asked_ = 0;
};

void Refuse(Source::LabelValues& values) {
  values.failure = Failing(Disposition::kSplit, "too_large").failure;
  values.failure->over_byte_limit = true;
  values.values.clear();
}

TEST_F(ScopeDiscoveryTest, AsksOnceWhereTheListFits) {
  Serve(Scopes(250), 999, Refuse);
  EXPECT_EQ(Run().scopes, Scopes(250));
  EXPECT_EQ(asked_, 1);
}

TEST_F(ScopeDiscoveryTest, AsksInPartsForAListThatIsTooLarge) {
  Serve(Scopes(1234), 300, Refuse);
  const Discovery found = Run();
  EXPECT_FALSE(found.failure);
  EXPECT_EQ(found.scopes, Scopes(1234));
}

TEST_F(ScopeDiscoveryTest, FindsScopesThatALimitOfTheServerCutsWithoutAWord) {
  Serve(Scopes(2500), 1000, [](Source::LabelValues& values) { values.values.resize(1000); });
  EXPECT_EQ(Run().scopes, Scopes(2500));
}

TEST_F(ScopeDiscoveryTest, AsksNoFurtherWhereTheServerDoesNotLookAtTheSelector) {
  script_->values_of = [this](const std::string&) {
    ++asked_;
    return Source::LabelValues{Scopes(2000), std::nullopt};
  };
  EXPECT_EQ(Run().scopes, Scopes(2000));
  EXPECT_LE(asked_, 4);
}

TEST_F(ScopeDiscoveryTest, FindsScopesOfEveryKind) {
  std::vector<std::string> scopes{"p", "p\n1", "p\xC3\xA9", "\xE6\xBC\xA2", "q.*", "pp", "p1"};
  std::sort(scopes.begin(), scopes.end());
  Serve(scopes, 1, Refuse);
  const Discovery found = Run();
  EXPECT_FALSE(found.failure);
  EXPECT_EQ(found.scopes, scopes);
}

TEST_F(ScopeDiscoveryTest, GivesUpWhereEveryPartIsRefused) {
  script_->values_of = [this](const std::string&) {
    ++asked_;
    Source::LabelValues values;
    Refuse(values);
    return values;
  };
  const Discovery found = Run();
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failure->disposition, Disposition::kPermanent);
  EXPECT_EQ(found.failure->reason, "too_large");
  EXPECT_THAT(found.scopes, SizeIs(0));
  EXPECT_LE(asked_, 150);
}

}  // namespace
}  // namespace promtally::collector
