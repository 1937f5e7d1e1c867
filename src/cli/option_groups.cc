// SPDX-License-Identifier: Apache-2.0
#include "cli/option_groups.h"

#include <map>

#include <CLI/CLI.hpp>

namespace promtally::cli {

void AddConfig(CLI::App* command, std::string* file) {
  command->add_option("--config,--config.file", *file, "promtally.yml")->type_name("FILE");
}
void AddLedgerPath(CLI::App* command, std::string* path) {
  command
      ->add_option("--ledger,--storage.path", *path,
                   "the ledger's file; goes before the one that --config names")
      ->type_name("FILE");
}
void AddWhere(CLI::App* command, LedgerOptions* where) {
  AddConfig(command, &where->config_file);
  AddLedgerPath(command, &where->ledger);
}
void AddRange(CLI::App* command, RangeOptions* range) {
  command->add_option("--begin", range->begin, "RFC 3339, Unix seconds, now, -24h")
      ->type_name("TIME");
  command->add_option("--end", range->end, "likewise; the range is [begin, end)")
      ->type_name("TIME");
}
void AddFormat(CLI::App* command, Format* format) {
  static const std::map<std::string, Format> kFormats{
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  command
      ->add_option_function<std::string>(
          "--format", [format](const std::string& text) { *format = kFormats.at(text); },
          "table (default), json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}).description(""))
      ->type_name("FORMAT");
}

}  // namespace promtally::cli
