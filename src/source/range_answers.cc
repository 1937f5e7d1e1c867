// SPDX-License-Identifier: Apache-2.0
// Answers to range queries: Prometheus' matrix and Grafana's data frames.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <system_error>

#include <boost/json.hpp>

#include "promtally/base/one_line.h"
#include "source/range_source.h"

namespace promtally::source {
namespace {

namespace json = boost::json;

base::Error Bad(const std::string& what) { return {base::ErrorCode::kParse, what}; }

base::Result<json::object> ParseObject(std::string_view body) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::value value = json::parse(body, error, {}, options);
  if (error) {
    return tl::unexpected(Bad("the answer is no JSON: " + base::OneLine(body.substr(0, 80))));
  }
  if (!value.is_object()) {
    return tl::unexpected(Bad("the answer is no JSON object"));
  }
  return std::move(value.as_object());
}

std::string TextOf(const json::object& object, const char* name) {
  const json::value* const member = object.if_contains(name);
  return member != nullptr && member->is_string()
             ? std::string(member->as_string().data(), member->as_string().size())
             : std::string();
}

const json::array* ListOf(const json::object& object, const char* name) {
  const json::value* const member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

const json::object* ObjectOf(const json::object& object, const char* name) {
  const json::value* const member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_object();
}

std::optional<double> NumberOf(const json::value& value) {
  if (!value.is_number()) {
    return std::nullopt;
  }
  boost::system::error_code error;
  const auto number = value.to_number<double>(error);
  return error ? std::nullopt : std::optional(number);
}

/// Prometheus' text of a value, which may be NaN or infinite.
std::optional<double> ValueOf(const json::value& value) {
  if (!value.is_string()) {
    return std::nullopt;
  }
  std::string_view text(value.as_string().data(), value.as_string().size());
  if (text == "+Inf") {
    return std::numeric_limits<double>::infinity();
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size() && !text.empty();
  return whole && error == std::errc() ? std::optional(number) : std::nullopt;
}

/// Milliseconds since the epoch; nullopt beyond what an instant may be.
std::optional<base::Instant> InstantOf(double milliseconds) {
  constexpr double kLatest = 253'402'300'799'000;  // the year 9999
  if (!(milliseconds >= 0) || milliseconds > kLatest) {
    return std::nullopt;
  }
  return base::Instant(base::Milliseconds(std::llround(milliseconds)));
}

base::Result<base::LabelSet> LabelsOf(const json::object& object) {
  base::LabelSet labels;
  for (const auto& member : object) {
    if (!member.value().is_string()) {
      return tl::unexpected(Bad("a label of the answer is no text"));
    }
    const json::string& value = member.value().as_string();
    labels.emplace_back(std::string(member.key().data(), member.key().size()),
                        std::string(value.data(), value.size()));
  }
  return base::MakeLabelSet(std::move(labels));
}

base::Status Sort(RangeSeries& series) {
  std::sort(series.samples.begin(), series.samples.end());
  const auto twice =
      std::adjacent_find(series.samples.begin(), series.samples.end(),
                         [](const auto& one, const auto& next) { return one.first == next.first; });
  return twice == series.samples.end()
             ? base::Status()
             : tl::unexpected(Bad("a series of the answer has two samples of one time"));
}

base::Result<RangeSeries> MatrixSeries(const json::value& item) {
  const json::object* const object = item.if_object();
  const json::object* const metric = object == nullptr ? nullptr : ObjectOf(*object, "metric");
  const json::array* const values = object == nullptr ? nullptr : ListOf(*object, "values");
  if (metric == nullptr || values == nullptr) {
    return tl::unexpected(Bad("a series of the answer has no metric, or no values"));
  }
  RangeSeries series;
  base::Result<base::LabelSet> labels = LabelsOf(*metric);
  if (!labels) {
    return tl::unexpected(labels.error());
  }
  series.labels = *std::move(labels);
  for (const json::value& pair : *values) {
    const json::array* const sample = pair.if_array();
    const bool has_both = sample != nullptr && sample->size() == 2;
    const auto time = has_both ? NumberOf((*sample)[0]) : std::nullopt;
    const auto instant = time ? InstantOf(*time * 1000) : std::nullopt;
    const auto value = has_both ? ValueOf((*sample)[1]) : std::nullopt;
    if (!instant || !value) {
      return tl::unexpected(Bad("a sample of the answer is no pair of a time and a value"));
    }
    if (std::isfinite(*value)) {
      series.samples.emplace_back(*instant, *value);
    }
  }
  const base::Status sorted = Sort(series);
  return sorted ? base::Result<RangeSeries>(std::move(series)) : tl::unexpected(sorted.error());
}

bool IsRemark(const json::value& warning) {
  const json::string* const text = warning.if_string();
  return text != nullptr &&
         (text->starts_with("PromQL info:") || text->starts_with("PromQL warning:"));
}

/// The frame's own columns: times, values, and where values are listed apart.
struct Columns {
  const json::array* times = nullptr;
  const json::array* values = nullptr;
  const json::object* value_field = nullptr;
  base::Milliseconds step{0};
};

base::Result<std::optional<Columns>> ColumnsOf(const json::object& frame) {
  const json::object* const schema = ObjectOf(frame, "schema");
  const json::object* const data = ObjectOf(frame, "data");
  const json::array* const fields = schema == nullptr ? nullptr : ListOf(*schema, "fields");
  const json::array* const values = data == nullptr ? nullptr : ListOf(*data, "values");
  if (fields == nullptr || values == nullptr || fields->empty() || values->empty()) {
    return std::optional<Columns>();  // an empty result
  }
  if (fields->size() != values->size()) {
    return tl::unexpected(Bad("a frame has not as many columns as fields"));
  }
  Columns columns;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const json::object* const field = (*fields)[i].if_object();
    const json::array* const column = (*values)[i].if_array();
    const std::string type = field == nullptr ? std::string() : TextOf(*field, "type");
    if (type == "time" && columns.times == nullptr) {
      columns.times = column;
      const json::object* const config = ObjectOf(*field, "config");
      const json::value* const interval =
          config == nullptr ? nullptr : config->if_contains("interval");
      const auto step = interval == nullptr ? std::nullopt : NumberOf(*interval);
      if (step && *step >= 1 && *step < 1e12) {
        columns.step = base::Milliseconds(std::llround(*step));
      }
    } else if (type == "number" && columns.values == nullptr) {
      columns.values = column;
      columns.value_field = field;
    }
  }
  if (columns.times == nullptr || columns.values == nullptr ||
      columns.times->size() != columns.values->size()) {
    return tl::unexpected(Bad("a frame has no column of times and one of numbers as long"));
  }
  return std::optional(columns);
}

base::Result<std::optional<RangeSeries>> FrameSeries(const json::object& frame) {
  const auto columns = ColumnsOf(frame);
  if (!columns || !*columns) {
    return columns ? base::Result<std::optional<RangeSeries>>(std::optional<RangeSeries>())
                   : tl::unexpected(columns.error());
  }
  RangeSeries series;
  series.step = (*columns)->step;
  if (const json::object* const labels = ObjectOf(*(*columns)->value_field, "labels")) {
    base::Result<base::LabelSet> read = LabelsOf(*labels);
    if (!read) {
      return tl::unexpected(read.error());
    }
    series.labels = *std::move(read);
  }
  for (std::size_t i = 0; i < (*columns)->times->size(); ++i) {
    const json::value& value = (*(*columns)->values)[i];
    const auto time = NumberOf((*(*columns)->times)[i]);
    const auto instant = time ? InstantOf(*time) : std::nullopt;
    const auto number = NumberOf(value);
    if (!instant || (!number && !value.is_null())) {
      return tl::unexpected(Bad("a frame has a row that is no time and number"));
    }
    if (number && std::isfinite(*number)) {  // NaN and infinities come as null: gaps
      series.samples.emplace_back(*instant, *number);
    }
  }
  const base::Status sorted = Sort(series);
  return sorted ? base::Result<std::optional<RangeSeries>>(std::move(series))
                : tl::unexpected(sorted.error());
}

/// A warning of Prometheus, handed on by Grafana, makes an answer doubtful.
std::string NoticeOf(const json::object& frame) {
  const json::object* const schema = ObjectOf(frame, "schema");
  const json::object* const meta = schema == nullptr ? nullptr : ObjectOf(*schema, "meta");
  const json::array* const notices = meta == nullptr ? nullptr : ListOf(*meta, "notices");
  if (notices == nullptr) {
    return {};
  }
  for (const json::value& notice : *notices) {
    const json::object* const object = notice.if_object();
    if (object != nullptr && TextOf(*object, "severity") == "warning") {
      const std::string text = TextOf(*object, "text");
      if (!text.starts_with("PromQL info:") && !text.starts_with("PromQL warning:")) {
        return text.empty() ? "a warning" : text;
      }
    }
  }
  return {};
}

}  // namespace

base::Result<std::vector<RangeSeries>> ReadMatrix(std::string_view body) {
  const base::Result<json::object> answer = ParseObject(body);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  if (TextOf(*answer, "status") != "success") {
    return base::Fail(base::ErrorCode::kRejected,
                      "the server says: " + base::OneLine(TextOf(*answer, "error")));
  }
  const json::array* const warnings = ListOf(*answer, "warnings");
  if (warnings != nullptr && !std::all_of(warnings->begin(), warnings->end(), IsRemark)) {
    return tl::unexpected(
        Bad("the answer came with warnings: " + base::OneLine(json::serialize(*warnings))));
  }
  const json::object* const data = ObjectOf(*answer, "data");
  const json::array* const result = data == nullptr ? nullptr : ListOf(*data, "result");
  if (result == nullptr || TextOf(*data, "resultType") != "matrix") {
    return tl::unexpected(Bad("the answer is no matrix"));
  }
  std::vector<RangeSeries> all;
  std::set<base::LabelSet> seen;
  for (const json::value& item : *result) {
    base::Result<RangeSeries> series = MatrixSeries(item);
    if (!series) {
      return tl::unexpected(series.error());
    }
    if (!seen.insert(series->labels).second) {
      return tl::unexpected(Bad("the answer has two series with the same labels"));
    }
    all.push_back(*std::move(series));
  }
  return all;
}

base::Result<std::vector<RangeSeries>> ReadFrames(std::string_view body) {
  const base::Result<json::object> answer = ParseObject(body);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  const json::object* const results = ObjectOf(*answer, "results");
  const json::object* const result = results == nullptr ? nullptr : ObjectOf(*results, "A");
  if (result == nullptr) {
    const std::string message = TextOf(*answer, "message");
    return base::Fail(message.empty() ? base::ErrorCode::kParse : base::ErrorCode::kRejected,
                      message.empty() ? "the answer has no result \"A\""
                                      : "Grafana says: " + base::OneLine(message));
  }
  if (const std::string error = TextOf(*result, "error"); !error.empty()) {
    return base::Fail(base::ErrorCode::kRejected, "Grafana says: " + base::OneLine(error));
  }
  std::vector<RangeSeries> all;
  const json::array* const frames = ListOf(*result, "frames");
  if (frames == nullptr) {
    return all;
  }
  for (const json::value& item : *frames) {
    const json::object* const frame = item.if_object();
    if (frame == nullptr) {
      return tl::unexpected(Bad("a frame of the answer is no object"));
    }
    if (const std::string notice = NoticeOf(*frame); !notice.empty()) {
      return tl::unexpected(Bad("the answer came with a warning: " + base::OneLine(notice)));
    }
    base::Result<std::optional<RangeSeries>> series = FrameSeries(*frame);
    if (!series) {
      return tl::unexpected(series.error());
    }
    if (*series) {
      all.push_back(**std::move(series));
    }
  }
  return all;
}

std::string FramesRequest(const RangeQuery& query, const std::string& datasource_uid) {
  const auto milliseconds = [](base::Instant instant) {
    return json::string(std::to_string(instant.time_since_epoch().count()));
  };
  // Only a limit above the number of steps leaves the step as it is asked for.
  const std::int64_t points = 2 * ((query.end - query.begin) / query.step) + 10;
  const json::object asked{{"refId", "A"},
                           {"datasource", {{"type", "prometheus"}, {"uid", datasource_uid}}},
                           {"expr", query.text},
                           {"range", true},
                           {"instant", false},
                           {"exemplar", false},
                           {"format", "time_series"},
                           {"legendFormat", "__auto"},
                           {"interval", ""},
                           {"intervalMs", query.step.count()},
                           {"maxDataPoints", points},
                           {"utcOffsetSec", 0}};
  return json::serialize(json::object{{"from", milliseconds(query.begin)},
                                      {"to", milliseconds(query.end)},
                                      {"queries", json::array{asked}}});
}

}  // namespace promtally::source
