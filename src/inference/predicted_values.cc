// SPDX-License-Identifier: Apache-2.0
#include "inference/predicted_values.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using nlohmann::json;

base::Error Bad(const std::string& what) { return {base::ErrorCode::kParse, what}; }

std::string Shown(const json& value) {
  // Invalid UTF-8 cannot be in here: the parser takes none.
  const std::string text = value.dump();
  return base::OneLine(text.size() > 60 ? text.substr(0, 60) : text);
}

constexpr int kDeepest = 8;

base::Status Collect(const json& data, int depth, std::vector<double>& values) {
  if (data.is_number()) {
    values.push_back(data.get<double>());
    return {};
  }
  if (!data.is_array() || depth == kDeepest) {
    return tl::unexpected(Bad("the answer has " + Shown(data) + " where a number is wanted"));
  }
  for (const json& item : data) {
    if (const base::Status status = Collect(item, depth + 1, values); !status) {
      return status;
    }
  }
  return {};
}

}  // namespace

base::Result<json> ParseAnswer(std::string_view body) {
  json answer = json::parse(body, nullptr, false);
  if (answer.is_discarded()) {
    const bool nan = body.find("NaN") != std::string_view::npos ||
                     body.find("Infinity") != std::string_view::npos;
    return tl::unexpected(Bad(nan ? "the answer holds NaN or Infinity, which is no JSON"
                                  : "the answer is no JSON: " + base::OneLine(body.substr(0, 80))));
  }
  if (!answer.is_object() && !answer.is_array() && !answer.is_number()) {
    return tl::unexpected(Bad("the answer is " + Shown(answer)));
  }
  return answer;
}

base::Result<std::vector<double>> FlatNumbers(const json& data) {
  if (!data.is_array()) {
    return tl::unexpected(Bad("the answer has " + Shown(data) + " where a list is wanted"));
  }
  std::vector<double> values;
  values.reserve(data.size());
  if (const base::Status status = Collect(data, 0, values); !status) {
    return tl::unexpected(status.error());
  }
  return values;
}

base::Result<std::vector<Prediction>> PerRow(const std::vector<double>& values, std::size_t rows,
                                             std::size_t width, const std::string& model_version) {
  if (width == 0 || values.size() / width != rows || values.size() % width != 0) {
    return tl::unexpected(Bad(fmt::format("the answer has {} values, {} rows of {} were wanted",
                                          values.size(), rows, width)));
  }
  std::vector<Prediction> predictions(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * width);
    predictions[i].values.assign(begin, begin + static_cast<std::ptrdiff_t>(width));
    predictions[i].model_version = model_version;
    for (const double value : predictions[i].values) {
      if (!std::isfinite(value)) {
        return tl::unexpected(Bad(fmt::format("the answer has {} for row {}", value, i)));
      }
    }
  }
  return predictions;
}

base::Result<std::vector<Prediction>> ItemPerRow(const json& list, std::size_t rows,
                                                 const std::string& output,
                                                 const std::string& model_version) {
  if (!list.is_array() || list.size() != rows) {
    return tl::unexpected(
        Bad(list.is_array()
                ? fmt::format("the answer has {} predictions for {} rows", list.size(), rows)
                : "the answer has " + Shown(list) + " where predictions are wanted"));
  }
  std::vector<double> values;
  std::size_t width = 0;
  for (const json& item : list) {
    const json* value = &item;
    if (item.is_object()) {
      const auto member = output.empty() && item.size() == 1 ? item.begin() : item.find(output);
      if (member == item.end()) {
        return tl::unexpected(
            Bad("a prediction is " + Shown(item) + ", output \"" + output + "\" is not in it"));
      }
      value = &*member;
    }
    const std::size_t before = values.size();
    if (const base::Status status = Collect(*value, 0, values); !status) {
      return tl::unexpected(status.error());
    }
    if (values.size() == before || (width != 0 && values.size() - before != width)) {
      return tl::unexpected(Bad("the answer's predictions are not of one length"));
    }
    width = values.size() - before;
  }
  return PerRow(values, rows, width, model_version);
}

}  // namespace promtally::inference
