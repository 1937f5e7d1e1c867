// SPDX-License-Identifier: Apache-2.0
// evaluate_promql SERIES: evaluates expressions on the series of a file, to be compared with a
// server. SERIES has a line a series, {"labels":{…},"samples":[[ms,"value"],…]}; a value may be
// "stale". Standard input has a line a query, {"expr":"…","time_ms":0,"semantics":2}; standard
// output the same number of lines, {"result":[{"labels":{…},"value":"…"}]} or {"error":"…"}.
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "promtally/metering/promql_evaluator.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace {

using nlohmann::json;
using promtally::base::Instant;
using promtally::base::LabelSet;
using promtally::base::Milliseconds;
namespace metering = promtally::metering;
namespace promql = promtally::promql;

double ReadValue(const std::string& text) {
  if (text == "stale") {
    return metering::StaleMarker();
  }
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (text == "+Inf" || text == "-Inf") {
    const double infinity = std::numeric_limits<double>::infinity();
    return text == "+Inf" ? infinity : -infinity;
  }
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string ValueText(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

bool ReadSeries(const char* path, metering::SeriesStore* store) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const json read = json::parse(line);
    metering::StoredSeries series;
    for (const auto& [name, value] : read["labels"].items()) {
      series.labels.emplace_back(name, value.get<std::string>());
    }
    for (const json& sample : read["samples"]) {
      series.samples.push_back(
          {sample[0].get<std::int64_t>(), ReadValue(sample[1].get<std::string>())});
    }
    if (const auto added = store->Add(std::move(series)); !added) {
      std::cerr << added.error().message << '\n';
      return false;
    }
  }
  return !file.bad() && store->series_count() > 0;
}

json LabelsOf(const LabelSet& labels) {
  json object = json::object();
  for (const auto& [name, value] : labels) {
    object[name] = value;
  }
  return object;
}

json ResultOf(const metering::EvaluatedValue& value) {
  json result = json::array();
  if (value.type == promql::ValueType::kScalar) {
    result.push_back({{"labels", json::object()}, {"value", ValueText(value.scalar)}});
  }
  for (const auto& sample : value.vector) {
    result.push_back({{"labels", LabelsOf(sample.labels)}, {"value", ValueText(sample.value)}});
  }
  for (const auto& series : value.matrix) {
    json samples = json::array();
    for (const auto& sample : series.samples) {
      samples.push_back({sample.unix_milliseconds, ValueText(sample.value)});
    }
    result.push_back({{"labels", LabelsOf(series.labels)}, {"samples", std::move(samples)}});
  }
  return result;
}

json Answer(const json& query, const metering::SeriesStore& store) {
  const auto parsed = promql::Parse(query["expr"].get<std::string>(), metering::CheckRegex,
                                    promql::Experimental::kAllowed);
  if (!parsed) {
    return {{"error", parsed.error().message}};
  }
  metering::EvaluationOptions options;
  options.semantics = query["semantics"].get<int>() == 2 ? metering::PromqlSemantics::kPrometheus2
                                                         : metering::PromqlSemantics::kPrometheus3;
  const Instant time(Milliseconds(query["time_ms"].get<std::int64_t>()));
  const auto value = metering::Evaluate(**parsed, time, store, options);
  if (!value) {
    return {{"error", value.error().message}};
  }
  return {{"result", ResultOf(*value)}};
}

}  // namespace

int main(int argc, char** argv) {
  metering::SeriesStore store;
  if (argc != 2 || !ReadSeries(argv[1], &store)) {
    std::cerr << "usage: evaluate_promql SERIES\n";
    return 2;
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << Answer(json::parse(line), store).dump() << '\n';
  }
  return 0;
}
