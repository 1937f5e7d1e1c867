// SPDX-License-Identifier: Apache-2.0
#include "web/strict_json.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

namespace promtally::web {
namespace {

using Json = nlohmann::json;

/// Builds the value; every callback says whether to go on.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(std::size_t depth) : depth_(depth) {}

  bool null() override { return Add(JsonValue()) != nullptr; }
  bool boolean(bool value) override {
    JsonValue* const added = Add(Of(JsonValue::Kind::kBool));
    added->boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    return AddNumber(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return AddNumber(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return AddNumber(value); }
  bool string(string_t& value) override {
    Add(Of(JsonValue::Kind::kText))->text = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(JsonValue::Kind::kObject); }
  bool start_array(std::size_t) override { return Open(JsonValue::Kind::kList); }
  bool key(string_t& value) override {
    auto& names = open_.back()->names;
    if (std::find(names.begin(), names.end(), value) != names.end()) {
      return false;
    }
    names.push_back(std::move(value));
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

  JsonValue root;

 private:
  static JsonValue Of(JsonValue::Kind kind) {
    JsonValue value;
    value.kind = kind;
    return value;
  }
  bool AddNumber(double number) {
    Add(Of(JsonValue::Kind::kNumber))->number = number;
    return true;
  }
  JsonValue* Add(JsonValue value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    return &open_.back()->items.emplace_back(std::move(value));
  }
  bool Open(JsonValue::Kind kind) {
    if (open_.size() >= depth_) {
      return false;
    }
    // Only the innermost list grows, so that pointers to the outer ones stay good.
    open_.push_back(Add(Of(kind)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  std::size_t depth_;
  std::vector<JsonValue*> open_;
};

}  // namespace

const JsonValue* JsonValue::Find(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

const std::string* JsonValue::FindText(std::string_view name) const {
  const JsonValue* const value = Find(name);
  return value != nullptr && value->kind == Kind::kText ? &value->text : nullptr;
}

base::Result<JsonValue> ParseStrictJson(std::string_view text, std::size_t depth) {
  Builder builder(depth);
  // The library passes over a byte order mark, and a NUL ends the text for it.
  const bool has_mark = text.starts_with("\xEF\xBB\xBF");
  const bool has_nul = text.find('\0') != std::string_view::npos;
  if (has_mark || has_nul || !Json::sax_parse(text.begin(), text.end(), &builder)) {
    return base::Fail(base::ErrorCode::kParse, "not one strict JSON text");
  }
  return std::move(builder.root);
}

}  // namespace promtally::web
