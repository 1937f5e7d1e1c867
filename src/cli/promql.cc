// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace promtally::cli {

namespace {

using Json = nlohmann::ordered_json;

/// The expression of a line: the line itself, or the `expr` of a JSON object.
base::Result<std::string> ExpressionOf(const std::string& line) {
  // An expression of braces, `{a="b"}`, is no JSON.
  const Json value = Json::parse(line, nullptr, false);
  if (!value.is_object() || value.empty()) {
    return line;
  }
  const auto found = value.find("expr");
  if (found == value.end() || !found->is_string()) {
    return base::Fail(base::ErrorCode::kInvalidArgument, "expected an object with a text \"expr\"");
  }
  return found->get<std::string>();
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PrintValid(const promql::Expression& expression, Format format) {
  const std::string canonical = promql::PrintCanonical(expression);
  if (format == Format::kJson) {
    const Json line{{"valid", true},
                    {"canonical", canonical},
                    {"type", std::string(promql::TextOf(promql::TypeOf(expression)))}};
    std::cout << Dump(line) << '\n';
    return;
  }
  std::cout << canonical << '\n';
}

void PrintInvalid(const promql::ParseError& error, Format format) {
  const bool has_lines = error.line > 1;
  if (format == Format::kJson) {
    Json line{{"valid", false}, {"column", error.column}, {"error", error.message}};
    if (has_lines) {
      line["line"] = error.line;
    }
    std::cout << Dump(line) << '\n';
    return;
  }
  std::cout << "error: ";
  if (has_lines) {
    std::cout << "line " << error.line << ", ";
  }
  std::cout << "column " << error.column << ": " << Printable(error.message) << '\n';
}

bool JudgeLine(const std::string& line, Format format) {
  const auto text = ExpressionOf(line);
  if (!text) {
    PrintInvalid({.message = text.error().message}, format);
    return false;
  }
  const auto expression = promql::Parse(*text, metering::CheckRegex);
  if (!expression) {
    PrintInvalid(expression.error(), format);
    return false;
  }
  PrintValid(**expression, format);
  return true;
}

}  // namespace

int RunPromql(const PromqlOptions& options) {
  if (options.format == Format::kCsv) {
    std::cerr << "promtally promql: the format is table or json\n";
    return kWrongUsage;
  }
  bool are_valid = true;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (line.find_first_not_of(" \t") != std::string::npos) {
      are_valid = JudgeLine(line, options.format) && are_valid;
    }
  }
  return are_valid ? kDone : kIncomplete;
}

}  // namespace promtally::cli
