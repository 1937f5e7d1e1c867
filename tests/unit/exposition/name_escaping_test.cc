// SPDX-License-Identifier: Apache-2.0
#include "exposition/name_escaping.h"

#include <gtest/gtest.h>

#include "promtally/base/labels.h"
#include "rapidcheck.h"

namespace promtally::exposition {
namespace {

struct Row {
  const char* name;
  const char* underscores;
  const char* dots;
  const char* values;
};

TEST(NameEscaping, WritesNamesAsTheSchemesSay) {
  for (const Row& row :
       {Row{"utf8.name/x", "utf8_name_x", "utf8_dot_name__x", "U__utf8_2e_name_2f_x"},
        Row{"plain", "plain", "plain", "plain"},
        Row{"with_one", "with_one", "with__one", "with_one"},
        Row{"9abc", "_abc", "__abc", "U___39_abc"}, Row{"a:b", "a:b", "a:b", "a:b"},
        Row{"a_é", "a__", "a____", "U__a___e9_"}, Row{"😀", "_", "__", "U___1f600_"}}) {
    EXPECT_EQ(EscapedMetricName(row.name, Escaping::kUnderscores), row.underscores);
    EXPECT_EQ(EscapedMetricName(row.name, Escaping::kDots), row.dots);
    EXPECT_EQ(EscapedMetricName(row.name, Escaping::kValues), row.values);
    EXPECT_EQ(EscapedMetricName(row.name, Escaping::kAllowUtf8), row.name);
  }
}

TEST(NameEscaping, EscapesAColonInLabelsOnly) {
  EXPECT_EQ(EscapedLabelName("a:b", Escaping::kUnderscores), "a_b");
  EXPECT_EQ(EscapedLabelName("a:b", Escaping::kValues), "U__a_3a_b");
  EXPECT_EQ(EscapedLabelName("lé", Escaping::kUnderscores), "l_");
  EXPECT_EQ(EscapedLabelName("lé", Escaping::kDots), "l__");
  EXPECT_EQ(EscapedLabelName("lé", Escaping::kValues), "U__l_e9_");
}

TEST(NameEscaping, ReadsTheSchemesAndAKnownMisspelling) {
  EXPECT_EQ(EscapingFromText("underscores"), Escaping::kUnderscores);
  EXPECT_EQ(EscapingFromText("dots"), Escaping::kDots);
  EXPECT_EQ(EscapingFromText("values"), Escaping::kValues);
  EXPECT_EQ(EscapingFromText("allow-utf-8"), Escaping::kAllowUtf8);
  EXPECT_EQ(EscapingFromText("allow-utf8"), Escaping::kAllowUtf8);
  EXPECT_EQ(EscapingFromText("Dots"), std::nullopt);
}

TEST(NameEscaping, MakesEveryNameAClassicOne) {
  rc::check("classic", [] {
    std::string name;
    for (const std::uint32_t code :
         *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint32_t>>(
             rc::gen::element<std::uint32_t>('a', '_', '.', '9', ':', ' ', '\n', 0x7F, 0xE9)))) {
      if (code < 0x80) {
        name += static_cast<char>(code);
      } else {
        name += "é";
      }
    }
    for (const Escaping escaping : {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues}) {
      RC_ASSERT(base::IsMetricName(EscapedMetricName(name, escaping)));
      RC_ASSERT(base::IsLabelName(EscapedLabelName(name, escaping)));
    }
  });
}

}  // namespace
}  // namespace promtally::exposition
