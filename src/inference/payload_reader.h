// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "inference/model_record.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// Reads the JSON object that a model of a series is stored as. Every member is asked for with what
/// it may be; the first that is absent or different, or one that nobody asked for, is the error
/// (parse) that Finish returns. Values read after an error are zeros.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload);

  [[nodiscard]] double Number(const std::string& key, double least, double most);
  [[nodiscard]] int Integer(const std::string& key, int least, int most);
  [[nodiscard]] bool Boolean(const std::string& key);
  /// One of the texts; its index.
  [[nodiscard]] std::size_t Choice(const std::string& key, const std::vector<std::string>& choices);
  [[nodiscard]] std::vector<double> Numbers(const std::string& key, std::size_t count);
  [[nodiscard]] std::vector<int> Integers(const std::string& key, std::size_t count);

  /// Whether all that was asked for so far was there.
  [[nodiscard]] bool ok() const { return problem_.empty(); }
  [[nodiscard]] base::Status Finish() const;

 private:
  const Json* Find(const std::string& key);
  void Refuse(const std::string& key, std::string_view wanted);

  Json document_;
  std::set<std::string> asked_;
  std::string problem_;
};

}  // namespace promtally::inference
