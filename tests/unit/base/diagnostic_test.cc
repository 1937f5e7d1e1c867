// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/diagnostic.h"

#include <gtest/gtest.h>

namespace promtally::base {
namespace {

Diagnostic UnknownKey() {
  Diagnostic diagnostic;
  diagnostic.file = "metrics.yml";
  diagnostic.line = 14;
  diagnostic.column = 5;
  diagnostic.message = R"(unknown key "groupbuy" in metric "a")";
  diagnostic.source_line = "    groupbuy: [x]";
  diagnostic.hint = R"(did you mean "groupby"?)";
  return diagnostic;
}

TEST(DiagnosticText, HasPlaceSourceLineCaretAndHint) {
  EXPECT_EQ(ToText(UnknownKey()),
            "metrics.yml:14:5: error: unknown key \"groupbuy\" in metric \"a\"\n"
            "    groupbuy: [x]\n"
            "    ^\n"
            "hint: did you mean \"groupby\"?\n");
}

TEST(DiagnosticText, OfTheWholeFileHasNoPlace) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::kWarning;
  diagnostic.file = "a.yml";
  diagnostic.message = "the file is empty";
  EXPECT_EQ(ToText(diagnostic), "a.yml: warning: the file is empty\n");
}

TEST(DiagnosticText, ShowsControlCharactersAsBlanks) {
  Diagnostic diagnostic = UnknownKey();
  diagnostic.message = "key \"\x1b[2J\"";
  diagnostic.source_line = "\ta\x1b[31m\xc2\x9b\x7f: 1";
  diagnostic.column = 2;
  diagnostic.hint.clear();
  EXPECT_EQ(ToText(diagnostic),
            "metrics.yml:14:2: error: key \" [2J\"\n"
            " a [31m  : 1\n"
            " ^\n");
}

TEST(DiagnosticText, CountsColumnsInCharacters) {
  Diagnostic diagnostic = UnknownKey();
  diagnostic.source_line = "größe: x";
  diagnostic.column = 8;
  EXPECT_NE(ToText(diagnostic).find("größe: x\n       ^\n"), std::string::npos);
}

TEST(DiagnosticText, ShowsBytesThatAreNoUtf8AsQuestionMarks) {
  Diagnostic diagnostic = UnknownKey();
  diagnostic.source_line = "a: \xff\xe2\x82";
  EXPECT_NE(ToText(diagnostic).find("a: ???\n"), std::string::npos);
}

TEST(DiagnosticText, CutsALongLineAroundTheColumn) {
  Diagnostic diagnostic = UnknownKey();
  diagnostic.source_line = std::string(1000, 'a') + "X" + std::string(1000, 'b');
  diagnostic.column = 1001;
  const std::string expected = "…" + std::string(80, 'a') + "X" + std::string(79, 'b') + "…\n" +
                               std::string(81, ' ') + "^\n";
  EXPECT_NE(ToText(diagnostic).find(expected), std::string::npos) << ToText(diagnostic);
}

TEST(DiagnosticText, PutsTheCaretBehindAShortLineAtMost) {
  Diagnostic diagnostic = UnknownKey();
  diagnostic.source_line = "ab";
  diagnostic.column = 40;
  EXPECT_NE(ToText(diagnostic).find("\nab\n  ^\n"), std::string::npos);
}

TEST(Diagnostics, WarningsAloneAreNoErrors) {
  Diagnostics diagnostics(1);
  diagnostics[0].severity = Severity::kWarning;
  EXPECT_FALSE(HasErrors(diagnostics));
  diagnostics.emplace_back();
  EXPECT_TRUE(HasErrors(diagnostics));
}

TEST(NearestWord, FindsTheKeyThatWasMeant) {
  const std::vector<std::string_view> keys{"unit", "groupby", "metadata", "mutate", "mutate_map"};
  EXPECT_EQ(Nearest("groupbuy", keys), "groupby");
  EXPECT_EQ(Nearest("gruopby", keys), "groupby");
  EXPECT_EQ(Nearest("GroupBy", keys), "groupby");
  EXPECT_EQ(Nearest("mutat", keys), "mutate");
  EXPECT_EQ(Nearest("untis", keys), "");  // two edits of five letters
}

TEST(NearestWord, CountsASwapAsOneEdit) { EXPECT_EQ(Nearest("uint", {"unit"}), "unit"); }

TEST(NearestWord, GivesNothingForAStrangeOrEmptyWord) {
  EXPECT_EQ(Nearest("prometheus", {"unit", "groupby"}), "");
  EXPECT_EQ(Nearest("x", {"y"}), "");
  EXPECT_EQ(Nearest("", {"y"}), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'a'), {"aaa"}), "");
}

}  // namespace
}  // namespace promtally::base
