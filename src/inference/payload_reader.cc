// SPDX-License-Identifier: Apache-2.0
#include "inference/payload_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace promtally::inference {

PayloadReader::PayloadReader(std::string_view payload)
    : document_(Json::parse(payload, nullptr, false)) {
  if (!document_.is_object()) {
    problem_ = "the model is no JSON object";
    document_ = Json::object();
  }
}

const Json* PayloadReader::Find(const std::string& key) {
  asked_.insert(key);
  const auto found = document_.find(key);
  return found == document_.end() ? nullptr : &*found;
}

void PayloadReader::Refuse(const std::string& key, std::string_view wanted) {
  if (problem_.empty()) {
    problem_ = fmt::format("/{}: {} is wanted", key, wanted);
  }
}

double PayloadReader::Number(const std::string& key, double least, double most) {
  const Json* const value = Find(key);
  if (value != nullptr && value->is_number()) {
    const auto number = value->get<double>();
    if (number >= least && number <= most) {
      return number;
    }
  }
  Refuse(key, fmt::format("a number from {} to {}", least, most));
  return 0;
}

int PayloadReader::Integer(const std::string& key, int least, int most) {
  const Json* const value = Find(key);
  if (value != nullptr && value->is_number_integer()) {
    const auto number = value->get<double>();
    if (number >= least && number <= most) {
      return static_cast<int>(number);
    }
  }
  Refuse(key, fmt::format("a whole number from {} to {}", least, most));
  return 0;
}

bool PayloadReader::Boolean(const std::string& key) {
  const Json* const value = Find(key);
  if (value != nullptr && value->is_boolean()) {
    return value->get<bool>();
  }
  Refuse(key, "true or false");
  return false;
}

std::size_t PayloadReader::Choice(const std::string& key, const std::vector<std::string>& choices) {
  const Json* const value = Find(key);
  if (value != nullptr && value->is_string()) {
    const auto found = std::find(choices.begin(), choices.end(), value->get<std::string>());
    if (found != choices.end()) {
      return static_cast<std::size_t>(found - choices.begin());
    }
  }
  Refuse(key, fmt::format("one of {}", fmt::join(choices, ", ")));
  return 0;
}

std::vector<double> PayloadReader::Numbers(const std::string& key, std::size_t count) {
  const Json* const value = Find(key);
  const auto is_number = [](const Json& element) {
    return element.is_number() && std::isfinite(element.get<double>());
  };
  if (value != nullptr && value->is_array() && value->size() == count &&
      std::all_of(value->begin(), value->end(), is_number)) {
    return value->get<std::vector<double>>();
  }
  Refuse(key, fmt::format("an array of {} finite numbers", count));
  return std::vector<double>(count, 0);
}

std::vector<int> PayloadReader::Integers(const std::string& key, std::size_t count) {
  constexpr int kMost = 1'000'000;
  const Json* const value = Find(key);
  const auto is_count = [](const Json& element) {
    return element.is_number_integer() && element.get<double>() >= 0 &&
           element.get<double>() <= kMost;
  };
  if (value != nullptr && value->is_array() && value->size() == count &&
      std::all_of(value->begin(), value->end(), is_count)) {
    return value->get<std::vector<int>>();
  }
  Refuse(key, fmt::format("an array of {} whole numbers from 0 to {}", count, kMost));
  return std::vector<int>(count, 0);
}

base::Status PayloadReader::Finish() const {
  std::string problem = problem_;
  for (const auto& [key, value] : document_.items()) {
    if (problem.empty() && !asked_.contains(key)) {
      problem = fmt::format("/{}: a model of this type has no such member", key);
    }
  }
  if (!problem.empty()) {
    return base::Fail(base::ErrorCode::kParse, problem);
  }
  return {};
}

}  // namespace promtally::inference
