// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace promtally::cli {
namespace {

std::string Printed(const Table& table, Format format) {
  std::ostringstream out;
  table.Print(out, format);
  return out.str();
}

TEST(Table, AlignsTextLeftAndNumbersRight) {
  Table table({{"name"}, {"quantity", true}, {"unit"}});
  table.Add({"requests", "7", "request"});
  table.Add({"a", "12.5", "GiB"});
  EXPECT_EQ(Printed(table, Format::kTable),
            "name      quantity  unit\n"
            "requests         7  request\n"
            "a             12.5  GiB\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({{"n"}, {"v", true}});
  table.Add({"größe", "1"});
  table.Add({"size", "22"});
  EXPECT_EQ(Printed(table, Format::kTable),
            "n       v\n"
            "größe   1\n"
            "size   22\n");
}

TEST(Table, KeepsHostileCellsInTheirLine) {
  Table table({{"name"}, {"x"}});
  table.Add({"a\nb\x1b[2J\x7f", "ok"});
  EXPECT_EQ(Printed(table, Format::kTable),
            "name             x\n"
            "a\\nb\\x1b[2J\\x7f  ok\n");
}

TEST(Table, WritesCsvAsRfc4180Says) {
  Table table({{"name"}, {"quantity", true}});
  table.Add({"plain", "1"});
  table.Add({"a,b", "2"});
  table.Add({"say \"hi\"", "3"});
  table.Add({"two\nlines", "4"});
  EXPECT_EQ(Printed(table, Format::kCsv),
            "name,quantity\n"
            "plain,1\n"
            "\"a,b\",2\n"
            "\"say \"\"hi\"\"\",3\n"
            "\"two\nlines\",4\n");
}

TEST(Table, GuardsTextButNoNumberAgainstFormulas) {
  const std::vector<Column> columns{{"text"}, {"number", true}};
  for (const std::string cell : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx"}) {
    EXPECT_EQ(CsvLine(columns, {cell, "-5"}), "'" + cell + ",-5\n");
  }
  EXPECT_EQ(CsvLine(columns, {"=HYPERLINK(\"x\")", "-5"}), "\"'=HYPERLINK(\"\"x\"\")\",-5\n");
  EXPECT_EQ(CsvLine(columns, {"\rx", "1"}), "\"'\rx\",1\n");
  EXPECT_EQ(CsvLine(columns, {"a=1", "1"}), "a=1,1\n");
  EXPECT_EQ(CsvLine(columns, {"", ""}), ",\n");
}

TEST(Printable, EscapesControlsOfBothSetsAndBytesThatAreNoUtf8) {
  EXPECT_EQ(Printable("plain größe"), "plain größe");
  EXPECT_EQ(Printable("a\nb\r\t"), "a\\nb\\x0d\\x09");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(Printable("\xc2\xa0"), "\xc2\xa0");
  EXPECT_EQ(Printable("\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(Printable("cut \xe2\x82"), "cut \\xe2\\x82");
}

}  // namespace
}  // namespace promtally::cli
