// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fuzz/promql_property.h"
#include "unit/promql/random_tree.h"
#include "unit/promql/tree_text.h"

namespace promtally::promql {
namespace {

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(PromqlRoundTrip, ReadsPrintedRandomTreesAsTheyWere) {
  constexpr unsigned kTrees = 20'000;
  for (unsigned start = 1; start <= kTrees; ++start) {
    const ExpressionPtr tree = RandomTree(start);
    const std::string text = PrintCanonical(*tree);
    const auto parsed = Parse(text);
    ASSERT_TRUE(parsed) << "start " << start << ": " << text << ": " << parsed.error().message;
    ASSERT_EQ(TreeText(**parsed), TreeText(*tree)) << "start " << start << ": " << text;
  }
}

// Other ones each time; RC_PARAMS="seed=N" repeats a run.
RC_GTEST_PROP(PromqlRoundTrip, ReadsOtherPrintedRandomTreesAsTheyWere, (unsigned start)) {
  const ExpressionPtr tree = RandomTree(start);
  const std::string text = PrintCanonical(*tree);
  RC_LOG() << "start " << start << ": " << text;
  const auto parsed = Parse(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(TreeText(**parsed) == TreeText(*tree));
}

TEST(PromqlRoundTrip, HoldsForTheCorpus) {
  std::size_t count = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(PROMTALLY_ROOT "/tests/fuzz/promql_corpus")) {
    EXPECT_EQ(BrokenPropertyOf(Read(file.path())), "") << file.path();
    ++count;
  }
  EXPECT_GT(count, 20U);
}

// Every text cut at every place, and with each byte changed.
TEST(PromqlRoundTrip, HoldsForMangledTexts) {
  for (const auto& file :
       std::filesystem::directory_iterator(PROMTALLY_ROOT "/tests/fuzz/promql_corpus")) {
    const std::string text = Read(file.path());
    for (std::size_t at = 0; at < text.size() && at < 200; ++at) {
      ASSERT_EQ(BrokenPropertyOf(text.substr(0, at)), "");
      ASSERT_EQ(BrokenPropertyOf(text.substr(at)), "");
      for (const char c : {'(', ')', '"', '-', '0', '{', '[', ':', '#', '\xFF', 'e', ' '}) {
        std::string mangled = text;
        mangled[at] = c;
        ASSERT_EQ(BrokenPropertyOf(mangled), "") << mangled;
      }
    }
  }
}

}  // namespace
}  // namespace promtally::promql
