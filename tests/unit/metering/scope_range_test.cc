// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/scope_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kSelector = R"(requests{project_id!=""})";

TEST(ScopeRange, IsAllScopesAtFirst) {
  EXPECT_TRUE(ScopeRange().IsWhole());
  EXPECT_EQ(WithinRange(kSelector, "project_id", {}), R"(requests{project_id!=""})");
}

TEST(ScopeRange, SplitsAsciiFromTheRestAndThenIntoHalves) {
  const auto parts = SplitRange({});
  EXPECT_THAT(parts, ElementsAre(ScopeRange{"", 0, 0x7F}, ScopeRange{"", 0x80, 0x10FFFF}));
  EXPECT_FALSE(parts[0].IsWhole());
  EXPECT_THAT(SplitRange(parts[0]),
              ElementsAre(ScopeRange{"", 0, 0x3F}, ScopeRange{"", 0x40, 0x7F}));
  EXPECT_THAT(SplitRange({"p", 'a', 'b'}),
              ElementsAre(ScopeRange{"p", 'a', 'a'}, ScopeRange{"p", 'b', 'b'}));
}

TEST(ScopeRange, LooksAtTheNextCharacterWhereOneIsLeft) {
  EXPECT_THAT(SplitRange({"p", 0xE9, 0xE9}),
              ElementsAre(ScopeRange{"p\xC3\xA9", 0, 0, true}, ScopeRange{"p\xC3\xA9", 0, 0x7F},
                          ScopeRange{"p\xC3\xA9", 0x80, 0x10FFFF}));
  EXPECT_THAT(SplitRange({"p", 0, 0, true}), IsEmpty());
}

TEST(ScopeRange, PrintsAnExpressionThatQuotesThePrefix) {
  EXPECT_EQ(WithinRange(kSelector, "project_id", {"a.b", 0x30, 0x3F}),
            R"text(requests{project_id!="",project_id=~"a\\.b[\\x{30}-\\x{3f}](?s:.*)"})text");
  EXPECT_EQ(WithinRange(kSelector, "project_id", {"a.b\"", 0, 0, true}),
            R"text(requests{project_id!="",project_id="a.b\""})text");
}

}  // namespace
}  // namespace promtally::metering
