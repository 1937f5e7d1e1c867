// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/labels.h"

#include <gtest/gtest.h>

#include "promtally/base/sha256.h"

namespace promtally::base {
namespace {

TEST(Labels, SortsAndKeepsTheFirstOfEqualNames) {
  const LabelSet labels = MakeLabelSet({{"b", "1"}, {"a", "2"}, {"b", "3"}});
  EXPECT_EQ(labels, (LabelSet{{"a", "2"}, {"b", "1"}}));
  EXPECT_EQ(*Find(labels, "b"), "1");
  EXPECT_EQ(Find(labels, "c"), nullptr);
}

TEST(Labels, TellsNamesThatPrometheusTakesWithoutQuotes) {
  EXPECT_TRUE(IsLabelName("project_id"));
  EXPECT_TRUE(IsMetricName("job:rate:5m"));
  for (const char* name : {"", "9a", "a-b", "a.b", "a b", "é", "a\n"}) {
    EXPECT_FALSE(IsLabelName(name)) << name;
    EXPECT_FALSE(IsMetricName(name)) << name;
  }
  EXPECT_FALSE(IsLabelName("a:b"));
}

TEST(Utf8, RefusesOverlongSurrogateAndCutCharacters) {
  for (const char* text : {"", "abc", "é☃漢", "\xF0\x9F\x92\xA9", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xE2\x98", "\xF8\x88\x80\x80\x80", "a\xFF"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(FieldHasher, KeepsFieldBordersAndAbsenceApart) {
  FieldHasher hasher;
  const Digest ab_c = hasher.Add("ab").Add("c").Finish();
  const Digest a_bc = hasher.Add("a").Add("bc").Finish();
  const Digest absent = hasher.AddAbsent().Finish();
  const Digest empty = hasher.Add("").Finish();
  EXPECT_NE(ab_c, a_bc);
  EXPECT_NE(absent, empty);
  EXPECT_EQ(ab_c, hasher.Add("ab").Add("c").Finish());
}

TEST(FieldHasher, HashesTheLengthPrefixedBytes) {
  const std::string bytes("\0\0\0\0\0\0\0\3abc", 11);
  EXPECT_EQ(FieldHasher().Add("abc").Finish(), Sha256(bytes));
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(FieldHasher, GivesTheSameForFieldsLongerThanItsBuffer) {
  const std::string longer(10'000, 'x');
  FieldHasher hasher;
  hasher.Add("a").Add(longer).Add("b");
  std::string bytes("\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\x27\x10", 17);
  bytes += longer + std::string("\0\0\0\0\0\0\0\1b", 9);
  EXPECT_EQ(hasher.Finish(), Sha256(bytes));
}

}  // namespace
}  // namespace promtally::base
