// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_document.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using testing::HasSubstr;

struct Loaded {
  YamlDocument document;
  std::string text;
};

Loaded Load(std::string_view yaml, Aliases aliases = Aliases::kAllowed) {
  Problems problems(yaml, "a.yml");
  Loaded loaded;
  loaded.document = ReadYaml(yaml, aliases, problems);
  loaded.text = Rendered(problems.Take());
  return loaded;
}

std::string Problem(std::string_view yaml, Aliases aliases = Aliases::kAllowed) {
  return Load(yaml, aliases).text;
}

TEST(YamlDocument, KnowsThePlaceOfEveryValue) {
  const std::string yaml = "a: &x\n  b: 'q'\nc: [1, *x]\n";
  const Loaded loaded = Load(yaml);
  ASSERT_EQ(loaded.text, "");
  const Node& c = *Find(*loaded.document.root, "c");
  EXPECT_EQ(c.place.line, 3U);
  EXPECT_EQ(c.place.column, 4U);
  ASSERT_EQ(c.items.size(), 2U);
  const Node& b = *Find(*c.items[1], "b");
  EXPECT_EQ(b.text, "q");
  EXPECT_TRUE(b.quoted);
  EXPECT_EQ(b.place.line, 2U);
  EXPECT_EQ(b.place.column, 6U);
}

TEST(YamlDocument, GivesANullThePlaceOfItsKey) {
  const std::string yaml = "a:\n  b:\n\nc: 1\n";
  const Loaded loaded = Load(yaml);
  const Node& b = *Find(*Find(*loaded.document.root, "a"), "b");
  EXPECT_EQ(b.kind, NodeKind::kNull);
  EXPECT_EQ(b.place.line, 2U);
  EXPECT_EQ(b.place.column, 3U);
}

TEST(YamlDocument, IsEmptyForAFileOfComments) {
  const Loaded loaded = Load("# nothing\n");
  EXPECT_EQ(loaded.document.root, nullptr);
  EXPECT_EQ(loaded.text, "");
}

TEST(YamlDocument, TakesAByteOrderMark) {
  const std::string_view yaml = WithoutByteOrderMark("\xEF\xBB\xBF\nk: &v 1\nk: 2\n");
  EXPECT_THAT(Problem(yaml),
              HasSubstr("a.yml:3:1: error: duplicate key \"k\", first given at 2:1"));
}

TEST(YamlDocument, ReportsADuplicateKeyWithBothPlaces) {
  EXPECT_EQ(Problem("b: 1\na: {x: 1, \"x\": 2}\n"),
            "a.yml:2:11: error: duplicate key \"x\", first given at 2:5\n"
            "a: {x: 1, \"x\": 2}\n"
            "          ^\n");
}

TEST(YamlDocument, TakesANumberAndItsTextForTwoKeys) {
  EXPECT_EQ(Problem("{0: a, '0': b}"), "");
  EXPECT_THAT(Problem("{0: a, 0: b}"), HasSubstr("duplicate key \"0\""));
}

TEST(YamlDocument, CountsColumnsInCharacters) {
  EXPECT_THAT(Problem("äö: {é: 1, é: 2}\n"),
              HasSubstr("a.yml:1:12: error: duplicate key \"é\", first "
                        "given at 1:6\näö: {é: 1, é: 2}\n           ^"));
}

TEST(YamlDocument, MergesMapsWithTheOwnKeysWinning) {
  const std::string yaml =
      "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {c: 3, <<: [*x, *y]}\nw: {<<: *y}\n";
  const Loaded loaded = Load(yaml);
  ASSERT_EQ(loaded.text, "");
  const Node& z = *Find(*loaded.document.root, "z");
  ASSERT_EQ(z.entries.size(), 3U);
  EXPECT_EQ(Find(z, "a")->text, "1");
  EXPECT_EQ(Find(z, "b")->text, "1");
  EXPECT_EQ(Find(z, "c")->text, "3");
  EXPECT_EQ(Find(*Find(*loaded.document.root, "w"), "c")->text, "2");
}

TEST(YamlDocument, RefusesToMergeWhatIsNoMap) {
  EXPECT_THAT(Problem("a: {<<: 1}"), HasSubstr("1:9: error: \"<<\" takes a map or a list of maps"));
  EXPECT_THAT(Problem("a: {<<: [1]}"),
              HasSubstr("1:9: error: \"<<\" takes a map or a list of maps"));
}

TEST(YamlDocument, RefusesAliasesAndMergeKeysWhereTheyAreNotAllowed) {
  EXPECT_THAT(Problem("a: &x {b: 1}\nc: *x\nd: {<<: *x}\n", Aliases::kRefused),
              testing::AllOf(HasSubstr("a.yml:2:4: error: an alias is not allowed in this file"),
                             HasSubstr("a.yml:3:5: error: a merge key is not allowed in this file"),
                             HasSubstr("a.yml:3:9: error: an alias is not allowed in this file")));
}

TEST(YamlDocument, RefusesAnAliasInsideItsOwnValue) {
  EXPECT_THAT(Problem("a: &x {b: [*x]}\n"),
              HasSubstr("a.yml:1:12: error: the alias stands inside the value that it stands for"));
  EXPECT_THAT(Problem("a: &x {<<: *x}\n"), HasSubstr("the alias stands inside the value"));
}

TEST(YamlDocument, RefusesAnAliasBomb) {
  std::string yaml = "a: &l0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    yaml += "k" + std::to_string(i) + ": &l" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) {
      yaml += (j > 0 ? ", *l" : "*l") + std::to_string(i - 1);
    }
    yaml += "]\n";
  }
  EXPECT_THAT(Problem(yaml), HasSubstr("error: aliases repeat too much: more than 100000 values"));
}

TEST(YamlDocument, TakesManyAliasesOfSmallValues) {
  std::string yaml = "x: &x {a: 1}\nlist:\n";
  for (int i = 0; i < 5000; ++i) {
    yaml += "  - *x\n";
  }
  EXPECT_EQ(Problem(yaml), "");
}

TEST(YamlDocument, TakesThirtyTwoLevelsAndNoMore) {
  EXPECT_EQ(Problem(std::string(32, '[') + std::string(32, ']')), "");
  EXPECT_THAT(Problem(std::string(33, '[') + std::string(33, ']')),
              HasSubstr("a.yml:1:33: error: more than 32 levels of nesting"));
  EXPECT_THAT(Problem(std::string(400'000, '[')), HasSubstr("more than 32 levels of nesting"));
}

TEST(YamlDocument, CountsTheLevelsBehindAnAlias) {
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  EXPECT_THAT(
      Problem("a: &x " + deep + "\nb: " + std::string(15, '[') + "*x" + std::string(15, ']')),
      HasSubstr("a.yml:2:19: error: more than 32 levels of nesting"));
}

TEST(YamlDocument, RefusesTags) {
  EXPECT_THAT(
      Problem("a: !!str 5\nb: !x {c: 1}\n"),
      testing::AllOf(HasSubstr("a.yml:1:4: error: a tag (\"tag:yaml.org,2002:str\") is not"),
                     HasSubstr("a.yml:2:4: error: a tag (\"!x\") is not allowed")));
}

TEST(YamlDocument, RefusesASecondDocument) {
  EXPECT_THAT(Problem("a: 1\n---\nb: 2\n"),
              HasSubstr("a.yml:2:1: error: a file has one document only"));
  EXPECT_EQ(Problem("---\na: 1\n...\n"), "");
}

TEST(YamlDocument, RefusesMoreThanFourMebibytes) {
  const std::string yaml = "# " + std::string(4 * 1024 * 1024, 'x') + "\n";
  EXPECT_EQ(Problem(yaml),
            "a.yml: error: the file has 4194307 bytes, more than a configuration file may have "
            "(4 MiB)\n");
}

TEST(YamlDocument, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(Problem("a: 1\nb: \xff\n"), "a.yml:2:1: error: the line is not valid UTF-8\nb: ?\n^\n");
}

TEST(YamlDocument, RefusesUtf16AndControlCharacters) {
  EXPECT_THAT(Problem(std::string_view("a\0:\0 \0001\0", 8)),
              HasSubstr("a.yml:1:2: error: a control character is not allowed"));
  EXPECT_THAT(Problem("a: 1\nb: x\x1b[31m\n"),
              HasSubstr("a.yml:2:5: error: a control character is not allowed\nb: x [31m\n    ^"));
}

TEST(YamlDocument, SaysWhatIsNoYaml) {
  EXPECT_THAT(Problem("a: [1\n"),
              HasSubstr("error: not valid YAML: end of sequence flow not found"));
  EXPECT_THAT(Problem("a: *nope\n"),
              HasSubstr("a.yml:1:4: error: not valid YAML: the referenced anchor is not defined"));
}

TEST(YamlDocument, RefusesAQuotedTextThatIsNotClosed) {
  EXPECT_THAT(Problem("a: 1\nb: \"x\n"),
              HasSubstr("a.yml:2:4: error: the quoted text is not closed"));
  EXPECT_THAT(Problem("b: 'it''s\n"), HasSubstr("a.yml:1:4: error: the quoted text is not closed"));
  EXPECT_EQ(Problem("a: 'it''s'\nb: \"x\\\"\"\nc: |\n  \"text\n"), "");
}

TEST(YamlDocument, RefusesKeysThatAreNoScalars) {
  EXPECT_THAT(Problem("? [a]\n: 1\n"), HasSubstr("error: a key must be a word or a number"));
  EXPECT_THAT(Problem(": 1\n"), HasSubstr("error: a key must be a word or a number"));
}

TEST(YamlDocument, ReportsManyProblemsAtOnce) {
  const std::string text = Problem("a: 1\na: 2\nb: !t 1\nc: {d: 1, d: 2}\n");
  EXPECT_THAT(text, testing::AllOf(HasSubstr("a.yml:2:1: "), HasSubstr("a.yml:3:4: "),
                                   HasSubstr("a.yml:4:11: ")));
}

TEST(YamlDocument, ShowsTwentyErrorsAndTheNumberOfTheOthers) {
  std::string yaml;
  for (int i = 0; i < 30; ++i) {
    yaml += "a: 1\n";
  }
  Problems problems(yaml, "a.yml");
  const YamlDocument document = ReadYaml(yaml, Aliases::kAllowed, problems);
  const base::Diagnostics diagnostics = problems.Take();
  EXPECT_EQ(Errors(diagnostics).size(), 20U);
  EXPECT_EQ(diagnostics.back().message, "9 more errors are not shown");
}

}  // namespace
}  // namespace promtally::config
