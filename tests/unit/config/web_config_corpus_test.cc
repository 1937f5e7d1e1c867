// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "fuzz/web_config_property.h"

namespace promtally::config {
namespace {

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(WebConfigCorpus, HoldsWhatAFileHasToHold) {
  std::size_t count = 0;
  std::size_t taken = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(PROMTALLY_ROOT "/tests/fuzz/web_config_corpus")) {
    const std::string text = Read(file.path());
    EXPECT_EQ(BrokenPropertyOfWebConfig(text), "") << file.path();
    taken += base::HasErrors(ReadWebConfig(text, "web.yml").diagnostics) ? 0U : 1U;
    for (std::size_t at = 0; at < text.size(); at += 5) {
      ASSERT_EQ(BrokenPropertyOfWebConfig(text.substr(0, at)), "") << file.path() << " " << at;
      std::string mangled = text;
      mangled[at] = "\"{}[],:&*\n\xFF"[at % 11];
      ASSERT_EQ(BrokenPropertyOfWebConfig(mangled), "") << file.path() << " " << at;
    }
    ++count;
  }
  EXPECT_GT(count, 20U);
  EXPECT_GT(taken, 2U);  // or refusals only would be tested
}

}  // namespace
}  // namespace promtally::config
