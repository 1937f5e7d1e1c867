// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "promtally/base/result.h"
#include "web/body_value.h"
#include "web/http.h"
#include "web/icos_body.h"

namespace promtally::web {

/// A place in the body as pydantic writes it: names and numbers.
using IcosPlace = std::vector<std::variant<std::string, std::size_t>>;

/// Collects what is wrong with a body, in pydantic's words.
class IcosFindings {
 public:
  void Add(std::string_view type, const IcosPlace& place, std::string_view message,
           const BodyValue* input);
  void Missing(const std::string& field, const BodyValue& body);
  void NotText(const IcosPlace& place, const BodyValue& input);
  void NotNumber(const IcosPlace& place, const BodyValue& input);

  [[nodiscard]] bool empty() const { return json_.empty(); }
  [[nodiscard]] Response ToResponse() const;

 private:
  std::string json_;
};

/// The object that a body holds; the error is the whole answer.
[[nodiscard]] tl::expected<BodyValue, Response> ReadIcosObject(const Request& request,
                                                               std::size_t max_depth);

/// Reads the fields of one body, which outlives it; each reader leaves its default where something
/// is wrong, and tells the findings.
class IcosFieldReader {
 public:
  explicit IcosFieldReader(const BodyValue& body) : body_(body) {}

  IcosType Type();
  std::string Name();
  std::optional<std::string> Info();
  void Value(IcosMetric& metric);
  void Labels(bool& are_null, IcosTexts& labels);
  void States(const char* field, std::vector<std::string>& states);

  /// Of the fields of model metrics. `Needed` texts and lists must be there; an absent or null
  /// number is nullopt.
  std::string NeededText(const char* field);
  std::optional<std::string> OptionalText(const char* field);
  std::vector<std::string> NeededTexts(const char* field);
  std::optional<std::int64_t> Integer(const char* field, bool needed);
  std::optional<double> Number(const char* field, bool needed);
  bool Bool(const char* field);

  [[nodiscard]] const BodyValue& body() const { return body_; }
  [[nodiscard]] IcosFindings& findings() { return findings_; }

 private:
  static constexpr const char* kDict = "dict[str,union[str,float]]";

  void NoValue(const BodyValue& value);
  void ObjectValue(const BodyValue& value, IcosMetric& metric);

  const BodyValue& body_;
  IcosFindings findings_;
};

}  // namespace promtally::web
