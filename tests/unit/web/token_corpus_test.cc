// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "fuzz/token_property.h"

namespace promtally::web {
namespace {

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(TokenCorpus, HoldsWhatATokenAndAKeySetHaveToHold) {
  std::size_t count = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(PROMTALLY_ROOT "/tests/fuzz/token_corpus")) {
    const std::string text = Read(file.path());
    EXPECT_EQ(BrokenPropertyOfTokenOrKeySet(text), "") << file.path();
    for (std::size_t at = 0; at < text.size(); at += 5) {
      ASSERT_EQ(BrokenPropertyOfTokenOrKeySet(text.substr(0, at)), "") << file.path() << " " << at;
      std::string mangled = text;
      mangled[at] = "\"{}[],:0e\xFF\\"[at % 11];
      ASSERT_EQ(BrokenPropertyOfTokenOrKeySet(mangled), "") << file.path() << " " << at;
    }
    ++count;
  }
  EXPECT_GT(count, 30U);
}

// Or the corpus above would test refusals only.
TEST(TokenCorpus, HasTokensAndKeysThatAreTaken) {
  const std::string folder = PROMTALLY_ROOT "/tests/fuzz/token_corpus/";
  config::OidcSettings settings;
  settings.issuer = "https://id.example";
  settings.audience = "promtally";
  for (const std::string& text :
       {Read(folder + "token_es256"), TokenOfLines(Read(folder + "lines_good"))}) {
    const auto token = ParseToken(text, settings);
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_TRUE(CheckClaims(*token, settings, base::FromUnixSeconds(1767225600)));
  }
  EXPECT_EQ(ParseKeySet(Read(folder + "jwks.json"))->keys.size(), 4U);
}

}  // namespace
}  // namespace promtally::web
