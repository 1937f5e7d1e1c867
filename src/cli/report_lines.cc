// SPDX-License-Identifier: Apache-2.0
#include "cli/report_lines.h"

#include <optional>

#include <nlohmann/json.hpp>

namespace promtally::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json OrNull(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json OrNull(const std::optional<base::Decimal>& number) {
  return number ? Json(number->ToText()) : Json(nullptr);
}

Json LineOf(const ComparedTotal& line, const ComparisonKeys& keys) {
  Json json;
  if (line.is_total) {
    json["total"] = true;
  }
  json["name"] = line.name;
  if (!line.is_total) {
    json["scope"] = OrNull(line.scope);
  }
  json[keys.before] = OrNull(line.before);
  json[keys.after] = OrNull(line.after);
  json[keys.change] = line.Change().ToText();
  json["percent"] = OrNull(line.Percent());
  return json;
}

}  // namespace

std::string ToJson(const TestOutcome& outcome) {
  Json errors = Json::array();
  for (const TestError& error : outcome.errors) {
    errors.push_back({{"line", error.line},
                      {"message", error.message},
                      {"expected", OrNull(error.expected)},
                      {"got", OrNull(error.got)}});
  }
  return Dump({{"file", outcome.file},
               {"test", outcome.test},
               {"status", outcome.errors.empty() ? "pass" : "fail"},
               {"errors", std::move(errors)}});
}

std::string ToJson(const ComparedTotal& line, const ComparisonKeys& keys) {
  return Dump(LineOf(line, keys));
}

std::string ToJson(const ComparedTotal& line, bool is_within) {
  Json json = LineOf(line, {"theirs", "ours", "difference"});
  json["within"] = is_within;
  return Dump(json);
}

}  // namespace promtally::cli
