// SPDX-License-Identifier: Apache-2.0
#include "web/python_text.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace promtally::web {
namespace {

using namespace std::string_view_literals;

TEST(PythonText, WritesFloatsAsRepr) {
  EXPECT_EQ(PythonFloatText(1), "1.0");
  EXPECT_EQ(PythonFloatText(-0.0), "-0.0");
  EXPECT_EQ(PythonFloatText(2.5), "2.5");
  EXPECT_EQ(PythonFloatText(1e15), "1000000000000000.0");
  EXPECT_EQ(PythonFloatText(1e16), "1e+16");
  EXPECT_EQ(PythonFloatText(1e20), "1e+20");
  EXPECT_EQ(PythonFloatText(0.0001), "0.0001");
  EXPECT_EQ(PythonFloatText(0.00001), "1e-05");
  EXPECT_EQ(PythonFloatText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(PythonFloatText(std::numeric_limits<double>::infinity()), "inf");
}

TEST(PythonText, ReadsFloatsAsFloatDoes) {
  EXPECT_EQ(ParsePythonFloat(" 3 "), 3.0);
  EXPECT_EQ(ParsePythonFloat("1_000.5"), 1000.5);
  EXPECT_EQ(ParsePythonFloat("\xD9\xA3"), 3.0);  // ARABIC-INDIC DIGIT THREE
  EXPECT_EQ(ParsePythonFloat("\xC2\xA0"
                             "-1e3\n"),
            -1000.0);
  EXPECT_EQ(ParsePythonFloat("+.5"), 0.5);
  EXPECT_EQ(ParsePythonFloat("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParsePythonFloat("-1e-400"), 0.0);
  EXPECT_EQ(ParsePythonFloat("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(ParsePythonFloat("nAn").value()));
  for (const char* text : {"", " ", "abc", "0x10", "1__0", "_1", "1_", "1_.5", "1 2", "+-1", "e5",
                           "nan(1)", "infin", "1e", "--1", "1,5"}) {
    EXPECT_EQ(ParsePythonFloat(text), std::nullopt) << text;
  }
}

TEST(PythonText, QuotesAsReprDoes) {
  EXPECT_EQ(PythonRepr("abc"), "'abc'");
  EXPECT_EQ(PythonRepr("it's"), "\"it's\"");
  EXPECT_EQ(PythonRepr("'\""), "'\\'\"'");
  EXPECT_EQ(PythonRepr("a\\b\n\x01\x7F"), "'a\\\\b\\n\\x01\\x7f'");
  EXPECT_EQ(PythonRepr("\xC3\xA9"), "'\xC3\xA9'");
}

TEST(PythonText, StripsBlanksOfUnicode) {
  EXPECT_EQ(PythonStrip("\t\xE3\x80\x80 x y \xC2\x85"), "x y");
  EXPECT_EQ(PythonStrip("\xE2\x80\x8B"), "\xE2\x80\x8B");  // ZERO WIDTH SPACE is none
  EXPECT_EQ(PythonStrip(" \n"), "");
}

TEST(PythonText, DecodesWhatJsonMayBeWrittenIn) {
  EXPECT_EQ(DecodeJsonBytes("{}"), "{}");
  EXPECT_EQ(DecodeJsonBytes("\xEF\xBB\xBF{}"), "{}");
  EXPECT_EQ(DecodeJsonBytes("\xFF\xFE{\0}\0"sv), "{}");
  EXPECT_EQ(DecodeJsonBytes("\0{\0}"sv), "{}");
  EXPECT_EQ(DecodeJsonBytes("{\0\0\0}\0\0\0"sv), "{}");
  EXPECT_EQ(DecodeJsonBytes("\xFE\xFF\xD8\x3D\xDE\x00"sv), "\xF0\x9F\x98\x80");
  EXPECT_EQ(DecodeJsonBytes("\xFF"), std::nullopt);
  EXPECT_EQ(DecodeJsonBytes("\xFE\xFF\xD8\x3D"sv), std::nullopt);
}

}  // namespace
}  // namespace promtally::web
