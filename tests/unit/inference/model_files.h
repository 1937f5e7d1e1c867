// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace promtally::inference {

inline std::string FileBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

inline std::filesystem::path XgboostFile(const std::string& name) {
  return std::filesystem::path(PROMTALLY_TEST_DATA) / "models" / "xgboost" / name;
}

/// What Python's XGBoost said of a few rows.
struct Expectation {
  std::vector<float> rows;
  std::vector<float> predictions;
  std::vector<float> margins;
  std::vector<std::vector<float>> contributions;
};

inline Expectation ReadExpectation(const std::string& name) {
  const auto json = nlohmann::json::parse(FileBytes(XgboostFile(name + ".expect.json")));
  Expectation expected;
  for (const auto& row : json.at("rows")) {
    for (const auto& value : row) {
      expected.rows.push_back(value.is_null() ? std::numeric_limits<float>::quiet_NaN()
                                              : value.get<float>());
    }
  }
  expected.predictions = json.at("prediction").get<std::vector<float>>();
  expected.margins = json.at("margin").get<std::vector<float>>();
  expected.contributions = json.at("contribs_first5").get<std::vector<std::vector<float>>>();
  return expected;
}

/// name-vX_Y_Z of every model in the test data.
inline std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const char* kind : {"sqerr", "sqerr-missing", "logistic", "pruned"}) {
    for (const char* version : {"1_7_6", "2_1_4", "3_2_0"}) {
      names.push_back(std::string(kind) + "-v" + version);
    }
  }
  return names;
}

}  // namespace promtally::inference
