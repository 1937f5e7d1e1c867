// SPDX-License-Identifier: Apache-2.0
#include "web/strict_json.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/web/token_signer.h"
#include "web/base64.h"
#include "web/http.h"

namespace promtally::web {
namespace {

TEST(StrictJson, ReadsEveryKindOfValue) {
  const auto value = ParseStrictJson(
      R"( {"t":"x\u00e9","n":-1.5e2,"i":7,"b":true,"z":null,"l":[1,[2]],"o":{"a":{}}} )", 3);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->FindText("t"), "x\xC3\xA9");
  EXPECT_EQ(value->Find("n")->number, -150);
  EXPECT_EQ(value->Find("i")->number, 7);
  EXPECT_TRUE(value->Find("b")->boolean);
  EXPECT_EQ(value->Find("z")->kind, JsonValue::Kind::kNull);
  EXPECT_EQ(value->Find("l")->items[1].items[0].number, 2);
  EXPECT_NE(value->Find("o")->Find("a"), nullptr);
  EXPECT_EQ(value->Find("missing"), nullptr);
  EXPECT_EQ(value->FindText("n"), nullptr);
  EXPECT_EQ(value->Find("n")->Find("x"), nullptr);
}

TEST(StrictJson, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{'a':1}",
                           "{a:1}",
                           "[01]",
                           "[+1]",
                           "[.5]",
                           "[1.]",
                           "[0x1]",
                           "[NaN]",
                           "[Infinity]",
                           "[-Infinity]",
                           "[1e999]",
                           "[-1e999]",
                           "{} {}",
                           "{}x",
                           "\xEF\xBB\xBF{}",
                           "[\"\t\"]",
                           "[\"\\x\"]",
                           "[\"\\ud800\"]",
                           "[\"\xC0\x80\"]",
                           "[\"\xFF\"]",
                           "[true false]",
                           "[True]",
                           "// c\n{}",
                           "/* c */{}",
                           "{\"a\":1,\"a\":1}",
                           R"({"a":1,"\u0061":2})",
                           R"([{"b":{"a":1,"a":1}}])",
                           "[1]]",
                           "\x00{}"}) {
    EXPECT_FALSE(ParseStrictJson(text, 8)) << text;
  }
  EXPECT_FALSE(ParseStrictJson(std::string("{}\0", 3), 8));
}

TEST(StrictJson, BoundsTheDepth) {
  EXPECT_TRUE(ParseStrictJson("[[[[1]]]]", 4));
  EXPECT_FALSE(ParseStrictJson("[[[[[1]]]]]", 4));
  EXPECT_FALSE(ParseStrictJson(std::string(1'000'000, '['), 8));
  EXPECT_TRUE(ParseStrictJson("[[],[],[[]]]", 3));
}

RC_GTEST_PROP(Base64, OfAnyBytesHasOneText, (const std::string& bytes)) {
  const std::string text = Base64Url(bytes);
  RC_ASSERT(DecodeBase64Url(text) == std::optional(bytes));
  if (!text.empty()) {
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size());
    const char c = *rc::gen::arbitrary<char>();
    std::string other = text;
    other[at] = c;
    const auto decoded = DecodeBase64Url(other);
    RC_ASSERT((other == text || decoded != std::optional(bytes)));
  }
}

TEST(Base64, IsTakenInItsCanonicalFormOnly) {
  EXPECT_EQ(DecodeBase64("dTpwdw=="), "u:pw");
  EXPECT_EQ(DecodeBase64("+/+/"), "\xFB\xFF\xBF");
  EXPECT_EQ(DecodeBase64(""), "");
  for (const char* text : {"dTpwdw", "dTpwdw=", "dTpwdw===", "dTpwdx==", "dTpw dw==", "dTpwdw==\n",
                           "-_-_", "====", "A===", "=dTp", "dT=w"}) {
    EXPECT_FALSE(DecodeBase64(text)) << text;
  }
  EXPECT_EQ(DecodeBase64Url("-_-_"), "\xFB\xFF\xBF");
  for (const char* text : {"+/+/", "dTpwdw==", "A", "dTpwdx", "a b", "a\n"}) {
    EXPECT_FALSE(DecodeBase64Url(text)) << text;
  }
}

TEST(HeaderLines, AreTheSameForEveryServer) {
  EXPECT_TRUE(HasPlainLines("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  for (const char* head :
       {"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\r\nX: a\r\n\r\n", "\nGET / HTTP/1.1\r\n\r\n"}) {
    EXPECT_FALSE(HasPlainLines(head)) << head;
  }
}

TEST(HeaderNames, DoNotDisguiseThemselves) {
  for (const char* name : {"Content_Length", "TRANSFER_ENCODING", "x_forwarded-for",
                           "X_Forwarded_Proto", "ho_st", "authorization_"}) {
    const bool is = IsDisguised(name);
    EXPECT_EQ(is, std::string(name) != "ho_st" && std::string(name) != "authorization_") << name;
  }
  EXPECT_FALSE(IsDisguised("Content-Length"));
  EXPECT_FALSE(IsDisguised("X_Request_Id"));
}

}  // namespace
}  // namespace promtally::web
