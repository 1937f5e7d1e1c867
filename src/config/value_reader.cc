// SPDX-License-Identifier: Apache-2.0
#include "config/value_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "config/environment.h"
#include "promtally/base/labels.h"

namespace promtally::config {
namespace {

// Far beyond any sensible value, and far from where a sum with an instant overflows.
constexpr base::Milliseconds kLongestDuration = std::chrono::hours(24 * 3650);

std::string_view KindName(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::kBool:
      return "a bool";
    case ScalarKind::kTimestamp:
      return "a date";
    default:
      return "a number";
  }
}

bool HasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

std::string ValueReader::Subject() const {
  std::string subject = key_.empty() ? "the file" : Quoted(key_);
  if (!where_.empty()) {
    subject += " in " + where_;
  }
  return subject;
}

void ValueReader::Wrong(const Node& value, std::string_view what, std::string hint) {
  if (value.kind != NodeKind::kInvalid) {
    problems_.Error(value.place, Subject() + " " + std::string(what), std::move(hint));
  }
}

void ValueReader::UnknownKey(const Node& key, const KnownKeys& known) {
  if (problems_.IsFull()) {
    problems_.Error(key.place, "unknown key");
    return;
  }
  std::vector<std::string_view> all = known.now;
  all.insert(all.end(), known.later.begin(), known.later.end());
  const std::string_view nearest = base::Nearest(key.text, all);
  std::string message = "unknown key " + Quoted(key.text);
  if (!where_.empty()) {
    message += " in " + where_;
  }
  problems_.Error(key.place, std::move(message),
                  nearest.empty() ? "known keys: " + Joined(known.now)
                                  : "did you mean " + Quoted(nearest) + "?");
}

std::optional<Scalar> ValueReader::AnyScalar(const Node& value, std::string_view expected) {
  if (value.kind == NodeKind::kNull) {
    Wrong(value, "has no value", "it must be " + std::string(expected));
    return std::nullopt;
  }
  if (value.kind != NodeKind::kScalar) {
    Wrong(value, "must be " + std::string(expected));
    return std::nullopt;
  }
  Scalar scalar;
  scalar.text = value.text;
  scalar.quoted = value.quoted;
  if (environment_ != nullptr) {
    auto expanded = ExpandEnvironment(value.text, *environment_);
    if (!expanded) {
      const bool missing = expanded.error().code == base::ErrorCode::kNotFound;
      Wrong(value, "cannot be read: " + expanded.error().message,
            missing ? "set it, or give a default: ${NAME:-default}" : "");
      return std::nullopt;
    }
    scalar.text = std::move(expanded->text);
    scalar.from_environment = expanded->from_environment;
    if (HasControls(scalar.text) || !base::IsUtf8(scalar.text)) {
      Wrong(value, "has a control character, or bytes that are not UTF-8");
      return std::nullopt;
    }
  }
  if (!scalar.quoted) {
    scalar.kind = rules_ == ScalarRules::kPyYaml ? PyYamlKind(scalar.text) : CoreKind(scalar.text);
  }
  return scalar;
}

void ValueReader::NotText(const Node& value, const Scalar& scalar) {
  Wrong(value, "must be text, not " + std::string(KindName(scalar.kind)),
        "put it in quotes: '" + scalar.text + "'");
}

std::optional<std::string> ValueReader::Text(const Node& value) {
  std::optional<Scalar> scalar = AnyScalar(value, "text");
  if (!scalar) {
    return std::nullopt;
  }
  // What comes from the environment is text wherever text is wanted: a password may be 12345.
  if (scalar->kind != ScalarKind::kText && !scalar->from_environment) {
    NotText(value, *scalar);
    return std::nullopt;
  }
  return std::move(scalar->text);
}

std::optional<std::string> ValueReader::NonEmptyText(const Node& value) {
  std::optional<std::string> text = Text(value);
  if (text && text->empty()) {
    Wrong(value, "must not be empty");
    return std::nullopt;
  }
  return text;
}

std::optional<bool> ValueReader::Bool(const Node& value) {
  const std::optional<Scalar> scalar = AnyScalar(value, "true or false");
  if (!scalar) {
    return std::nullopt;
  }
  if (scalar->quoted || (scalar->text != "true" && scalar->text != "false")) {
    Wrong(value, "must be true or false", "write true or false, without quotes");
    return std::nullopt;
  }
  return scalar->text == "true";
}

std::optional<std::int64_t> ValueReader::Integer(const Node& value, std::int64_t least,
                                                 std::int64_t most) {
  const std::string range =
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const std::optional<Scalar> scalar = AnyScalar(value, range);
  if (!scalar) {
    return std::nullopt;
  }
  const std::string& text = scalar->text;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (scalar->quoted && whole) {
    Wrong(value, "must be " + range + ", not text", "remove the quotes");
    return std::nullopt;
  }
  if (scalar->kind == ScalarKind::kOctal) {
    Wrong(value, "must be " + range, "write it in decimal, without a leading zero");
    return std::nullopt;
  }
  if (!whole || number < least || number > most) {
    Wrong(value, "must be " + range);
    return std::nullopt;
  }
  return number;
}

std::optional<base::Milliseconds> ValueReader::Duration(const Node& value) {
  constexpr std::string_view kExpected = "a duration such as 90s, 5m or 1h30m";
  const std::optional<Scalar> scalar = AnyScalar(value, kExpected);
  if (!scalar) {
    return std::nullopt;
  }
  const auto duration = base::ParseDuration(scalar->text);
  if (!duration) {
    const bool number = scalar->kind == ScalarKind::kInteger;
    Wrong(value, "must be " + std::string(kExpected),
          number ? "with a unit: " + scalar->text + "s" : "");
    return std::nullopt;
  }
  if (*duration > kLongestDuration) {
    Wrong(value, "must be at most " + base::ToText(kLongestDuration));
    return std::nullopt;
  }
  return *duration;
}

std::optional<std::string> ValueReader::OneOf(const Node& value,
                                              const std::vector<std::string_view>& words) {
  const std::optional<Scalar> scalar = AnyScalar(value, "one of " + Joined(words));
  if (!scalar) {
    return std::nullopt;
  }
  if (std::find(words.begin(), words.end(), scalar->text) == words.end()) {
    problems_.Error(value.place, Quoted(scalar->text) + " is not allowed as " + Subject(),
                    "allowed: " + Joined(words));
    return std::nullopt;
  }
  return scalar->text;
}

bool ValueReader::IsMap(const Node& value) {
  if (value.kind != NodeKind::kMap) {
    Wrong(value, value.kind == NodeKind::kNull ? "has no value" : "must be a map of keys",
          value.kind == NodeKind::kNull ? "give it keys, or remove it" : "");
    return false;
  }
  return true;
}

bool ValueReader::IsList(const Node& value, std::string_view of) {
  if (value.kind != NodeKind::kSequence) {
    const bool scalar = value.kind == NodeKind::kScalar;
    Wrong(value, "must be a list of " + std::string(of),
          scalar ? "write [" + value.text + "]" : "");
    return false;
  }
  return true;
}

}  // namespace promtally::config
