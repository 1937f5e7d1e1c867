// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/selectors.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "promtally/promql/parser.h"

namespace promtally::promql {
namespace {

constexpr base::Instant kNow = base::FromUnixSeconds(1'000'000);

/// `metric@column first..last` of each selector, in seconds before the evaluation.
std::vector<std::string> SelectorsIn(std::string_view text) {
  const auto parsed = Parse(text);
  if (!parsed) {
    return {"not valid: " + parsed.error().message};
  }
  std::vector<std::string> found;
  for (const SelectorUse& use : SelectorsOf(**parsed, kNow)) {
    const auto seconds = [](base::Instant instant) {
      return std::to_string(std::chrono::duration_cast<base::Seconds>(kNow - instant).count());
    };
    found.push_back(use.selector->metric + "@" + std::to_string(use.begin + 1) + " " +
                    seconds(use.first) + ".." + seconds(use.last) +
                    (use.is_bounded ? "" : " unbounded"));
  }
  return found;
}

using Found = std::vector<std::string>;

TEST(PromqlSelectors, AreFoundInEveryPartOfAnExpression) {
  EXPECT_EQ(SelectorsIn("topk by (p) (scalar(a), -(b)) + clamp(c, 0, scalar(d)) or max by (p) (e)"),
            (Found{"a@21 300..0", "b@27 300..0", "c@39 300..0", "d@52 300..0", "e@71 300..0"}));
  EXPECT_EQ(SelectorsIn("1"), Found{});
}

TEST(PromqlSelectors, LookAsFarBackAsRangesAndOffsetsSay) {
  EXPECT_EQ(SelectorsIn("rate(a[1h])"), Found{"a@6 3600..0"});
  EXPECT_EQ(SelectorsIn("rate(a[1h] offset 1d)"), Found{"a@6 90000..86400"});
  EXPECT_EQ(SelectorsIn("a offset -1h"), Found{"a@1 -3300..-3600"});
  EXPECT_EQ(SelectorsIn("max_over_time(rate(a[5m])[1h:1m] offset 10m)"), Found{"a@20 4500..600"});
  EXPECT_EQ(SelectorsIn("rate(a[1h] smoothed)"), Found{"a@6 3900..-300"});
}

TEST(PromqlSelectors, FollowFixedTimes) {
  EXPECT_EQ(SelectorsIn("rate(a[1h] @ 999000)"), Found{"a@6 4600..1000"});
  EXPECT_EQ(SelectorsIn("max_over_time(a[1h:] @ end() offset 1h)"), Found{"a@15 7500..3600"});
  // The inner time does not move with the outer one.
  EXPECT_EQ(SelectorsIn("max_over_time((a @ start())[1d:])"), Found{"a@16 300..0"});
  EXPECT_EQ(SelectorsIn("a @ 1e17").size(), 1U);
}

TEST(PromqlSelectors, SayWhereOnlyTheServerKnowsTheTime) {
  EXPECT_EQ(SelectorsIn("rate(a[step() * 2])"), Found{"a@6 0..0 unbounded"});
  EXPECT_EQ(SelectorsIn("a offset range()"), Found{"a@1 300..0 unbounded"});
}

}  // namespace
}  // namespace promtally::promql
