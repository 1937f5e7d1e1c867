// SPDX-License-Identifier: Apache-2.0
#include "web/body_value.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "promtally/base/labels.h"

namespace promtally::web {
namespace {

using nlohmann::json;

/// Builds the tree from the events of nlohmann's SAX parser.
class Builder : public nlohmann::json_sax<json> {
 public:
  explicit Builder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return Put({}); }

  bool boolean(bool value) override {
    BodyValue found;
    found.kind = BodyValue::Kind::kBool;
    found.boolean = value;
    return Put(std::move(found));
  }

  bool number_integer(number_integer_t value) override {
    return PutNumber(BodyValue::Kind::kInteger, static_cast<double>(value), std::to_string(value));
  }

  bool number_unsigned(number_unsigned_t value) override {
    return PutNumber(BodyValue::Kind::kInteger, static_cast<double>(value), std::to_string(value));
  }

  // Integers beyond 64 bits come here as well.
  bool number_float(number_float_t value, const string_t& digits) override {
    const bool fraction = digits.find_first_of(".eE") != std::string::npos;
    return PutNumber(fraction ? BodyValue::Kind::kNumber : BodyValue::Kind::kInteger, value,
                     digits);
  }

  bool string(string_t& value) override {
    BodyValue found;
    found.kind = BodyValue::Kind::kText;
    found.text = std::move(value);
    return Put(std::move(found));
  }

  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return Open(BodyValue::Kind::kObject); }
  bool key(string_t& name) override {
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(BodyValue::Kind::kArray); }
  bool end_array() override { return Close(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    constexpr int kOverflow = 406;
    if (!error_) {
      error_ = JsonError{
          error.id == kOverflow ? JsonError::Kind::kNumberOutOfRange : JsonError::Kind::kSyntax,
          position == 0 ? 0 : position - 1, Reason(error.what())};
    }
    return false;
  }

  [[nodiscard]] const std::optional<JsonError>& error() const { return error_; }
  [[nodiscard]] BodyValue Take() { return std::move(root_); }

 private:
  // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …" -> the last
  // part; what the input holds is not repeated.
  static std::string Reason(std::string_view what) {
    const std::size_t place = what.find(": ");
    std::string_view reason = place == std::string_view::npos ? what : what.substr(place + 2);
    reason = reason.substr(0, reason.find("; last read"));
    return std::string(reason);
  }

  bool PutNumber(BodyValue::Kind kind, double value, std::string digits) {
    BodyValue found;
    found.kind = kind;
    found.number = value;
    found.text = std::move(digits);
    return Put(std::move(found));
  }

  bool Put(BodyValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().IsArray()) {
      open_.back().items.push_back(std::move(value));
    } else {
      open_.back().members.emplace_back(std::move(keys_.back()), std::move(value));
    }
    return true;
  }

  bool Open(BodyValue::Kind kind) {
    if (open_.size() >= max_depth_) {
      error_ = JsonError{JsonError::Kind::kTooDeep, 0,
                         "more than " + std::to_string(max_depth_) + " levels of nesting"};
      return false;
    }
    BodyValue value;
    value.kind = kind;
    open_.push_back(std::move(value));
    keys_.emplace_back();
    return true;
  }

  static bool HasTwins(const BodyValue& object) {
    const auto& members = object.members;
    for (auto one = members.begin(); one != members.end(); ++one) {
      const bool is_there = std::any_of(
          members.begin(), one, [&](const auto& earlier) { return earlier.first == one->first; });
      if (is_there) {
        return true;
      }
    }
    return false;
  }

  // Of a member that is written twice the last one counts, in the place of the first.
  static void KeepLastMembers(BodyValue& object) {
    constexpr std::size_t kFew = 16;
    if (object.members.size() <= kFew && !HasTwins(object)) {
      return;
    }
    std::unordered_map<std::string_view, std::size_t> places;
    std::vector<std::pair<std::string, BodyValue>> kept;
    places.reserve(object.members.size());
    kept.reserve(object.members.size());  // no reallocation: the views stay valid
    for (auto& [name, value] : object.members) {
      const auto known = places.find(name);
      if (known != places.end()) {
        kept[known->second].second = std::move(value);
        continue;
      }
      kept.emplace_back(std::move(name), std::move(value));
      places.emplace(kept.back().first, kept.size() - 1);
    }
    object.members = std::move(kept);
  }

  bool Close() {
    BodyValue value = std::move(open_.back());
    KeepLastMembers(value);
    open_.pop_back();
    keys_.pop_back();
    return Put(std::move(value));
  }

  const std::size_t max_depth_;
  BodyValue root_;
  std::vector<BodyValue> open_;    // containers that are not closed yet, outermost first
  std::vector<std::string> keys_;  // of the next member of each
  std::optional<JsonError> error_;
};

}  // namespace

const BodyValue* BodyValue::Find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

tl::expected<BodyValue, JsonError> ParseJson(std::string_view text, std::size_t max_depth) {
  if (!base::IsUtf8(text)) {
    return tl::unexpected(JsonError{JsonError::Kind::kNotUtf8, 0, "the body is not UTF-8"});
  }
  Builder builder(max_depth);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    return tl::unexpected(builder.error().value_or(JsonError{}));
  }
  return builder.Take();
}

void AppendJsonText(std::string& out, std::string_view text) {
  const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    // U+2028 and U+2029 end a line in JavaScript.
    if (quoted.compare(i, 2, "\xE2\x80") == 0 && i + 2 < quoted.size() &&
        (quoted[i + 2] == '\xA8' || quoted[i + 2] == '\xA9')) {
      out += quoted[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += quoted[i];
    }
  }
}

void AppendJson(std::string& out, const BodyValue& value) {
  switch (value.kind) {
    case BodyValue::Kind::kNull:
      out += "null";
      return;
    case BodyValue::Kind::kBool:
      out += value.boolean ? "true" : "false";
      return;
    case BodyValue::Kind::kInteger:
    case BodyValue::Kind::kNumber:
      out += value.text;
      return;
    case BodyValue::Kind::kText:
      AppendJsonText(out, value.text);
      return;
    case BodyValue::Kind::kArray:
    case BodyValue::Kind::kObject:
      break;
  }
  std::string_view before = value.IsArray() ? "[" : "{";
  for (const BodyValue& item : value.items) {
    out.append(before);
    AppendJson(out, item);
    before = ",";
  }
  for (const auto& [name, member] : value.members) {
    out.append(before);
    AppendJsonText(out, name);
    out += ':';
    AppendJson(out, member);
    before = ",";
  }
  out.append(before == "," ? "" : before);
  out += value.IsArray() ? ']' : '}';
}

}  // namespace promtally::web
