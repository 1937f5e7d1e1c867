// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "inference/arima_order.h"

namespace promtally::inference {

/// The lines of a file of tests/data/models.
inline std::vector<nlohmann::json> ReadLines(const std::string& name) {
  std::ifstream file(std::string(PROMTALLY_TEST_DATA) + "/models/" + name);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(nlohmann::json::parse(line));
  }
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

inline std::vector<double> SeriesOf(const nlohmann::json& line) {
  std::vector<double> series;
  for (const nlohmann::json& value : line.at("y")) {
    series.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                     : value.get<double>());
  }
  return series;
}

/// The series of a case by its id.
inline std::vector<double> SeriesOf(const std::string& file, const std::string& id) {
  for (const nlohmann::json& line : ReadLines(file)) {
    if (line.at("id") == id) {
      return SeriesOf(line);
    }
  }
  ADD_FAILURE() << id << " is not in " << file;
  return {};
}

inline ArimaOrder OrderOf(const nlohmann::json& line) {
  const nlohmann::json& plain = line.at("order");
  const nlohmann::json& seasonal = line.at("seasonal");
  return {plain[0],    plain[1],    plain[2],    seasonal[0],
          seasonal[1], seasonal[2], seasonal[3], line.at("mean")};
}

}  // namespace promtally::inference
