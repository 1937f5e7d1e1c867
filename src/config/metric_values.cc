// SPDX-License-Identifier: Apache-2.0
#include "config/metric_values.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "promtally/base/labels.h"

namespace promtally::config {
namespace {

constexpr std::string_view kFraction = "a number or a fraction such as 1/1048576";

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// 010 is 8 to YAML 1.1 and 10 to YAML 1.2 and to people: a bill must not depend on that.
void RefuseOctal(ValueReader& reader, const Node& value) {
  std::string digits = value.text;
  std::erase(digits, '_');
  const std::size_t first = digits.find_first_not_of("+-0");
  digits = first == std::string::npos ? "0" : digits.substr(first);
  base::Decimal octal = 0;
  for (const char c : digits.substr(0, 64)) {
    octal = octal * base::Decimal(8) + base::Decimal(c - '0');
  }
  const std::string sign = value.text.starts_with('-') ? "-" : "";
  reader.Wrong(value, "has a leading zero, which some readers take for octal",
               "write " + sign + octal.ToText() + " or " + sign + digits);
}

// The number that a plain scalar stands for; nullopt with a problem for what is none.
std::optional<base::Decimal> PlainNumber(ValueReader& reader, const Node& value, ScalarKind kind) {
  switch (kind) {
    case ScalarKind::kOctal:
      RefuseOctal(reader, value);
      return std::nullopt;
    case ScalarKind::kInteger:
    case ScalarKind::kBase60:
    case ScalarKind::kReal: {
      auto number = NumberOf(value.text, kind);
      if (!number) {
        reader.Wrong(value, "has too many digits");
      } else if (kind == ScalarKind::kBase60) {
        reader.problems().Warn(
            value.place,
            reader.Subject() + " is a number to the base 60 and counts as " + number->ToText(),
            "write " + number->ToText());
      }
      return number;
    }
    case ScalarKind::kBool: {
      base::Decimal number = BoolOf(value.text) ? 1 : 0;
      reader.problems().Warn(value.place,
                             reader.Subject() + " is a bool and counts as " + number.ToText(),
                             "write " + number.ToText());
      return number;
    }
    case ScalarKind::kNotFinite:
      reader.Wrong(value, "must be finite");
      return std::nullopt;
    default:
      reader.Wrong(value, "must be a number");
      return std::nullopt;
  }
}

// nullopt for a key that never equals a number (warned about) and after a problem.
std::optional<base::Decimal> MapKey(ValueReader& reader, const Node& key) {
  const ScalarKind kind = key.quoted ? ScalarKind::kText : PyYamlKind(key.text);
  switch (kind) {
    case ScalarKind::kText:
    case ScalarKind::kTimestamp:
    case ScalarKind::kNotFinite:
      reader.problems().Warn(
          key.place,
          "key " + Quoted(key.text) + " of " + reader.Subject() + " never equals a number",
          key.quoted ? "remove the quotes" : "keys are numbers");
      return std::nullopt;
    case ScalarKind::kBool:
      return base::Decimal(BoolOf(key.text) ? 1 : 0);  // True == 1 to CloudKitty
    default:
      return PlainNumber(reader, key, kind);
  }
}

// Fills value and value_text.
bool ReadMapValue(ValueReader& reader, const Node& value, metering::MapEntry& entry) {
  const std::optional<Scalar> scalar = reader.AnyScalar(value, "a map from numbers to numbers");
  if (!scalar) {
    return false;
  }
  if (scalar->kind == ScalarKind::kText) {
    const std::string_view text = Trimmed(scalar->text);
    const auto number = base::Decimal::Parse(text);
    if (!number) {
      reader.Wrong(value, "must map to numbers, not to " + Quoted(scalar->text));
      return false;
    }
    entry.value = *number;
    entry.value_text = text;
    return true;
  }
  if (scalar->kind == ScalarKind::kBool) {
    entry.value = BoolOf(scalar->text) ? 1 : 0;
    entry.value_text = BoolOf(scalar->text) ? "True" : "False";
    return true;
  }
  const auto number = PlainNumber(reader, value, scalar->kind);
  if (number) {
    entry.value = *number;
    const bool real =
        scalar->kind == ScalarKind::kReal ||
        (scalar->kind == ScalarKind::kBase60 && value.text.find('.') != std::string::npos);
    entry.value_text = PythonText(*number, real ? ScalarKind::kReal : ScalarKind::kInteger);
  }
  return number.has_value();
}

}  // namespace

void ReadFraction(ValueReader& reader, const Node& value, base::Fraction& target) {
  const std::optional<Scalar> scalar = reader.AnyScalar(value, kFraction);
  if (!scalar) {
    return;
  }
  if (scalar->kind != ScalarKind::kText) {
    if (const auto number = PlainNumber(reader, value, scalar->kind)) {
      target = base::Fraction{*number, 1};
    }
    return;
  }
  const auto fraction = base::Fraction::Parse(Trimmed(scalar->text));
  if (fraction) {
    target = *fraction;
  } else if (fraction.error().code == base::ErrorCode::kInvalidArgument) {
    reader.Wrong(value, "divides by zero");
  } else {
    reader.Wrong(value, "must be " + std::string(kFraction) + ", not " + Quoted(scalar->text));
  }
}

void ReadMutateMap(ValueReader& reader, const Node& value,
                   std::vector<metering::MapEntry>& target) {
  if (!reader.IsMap(value)) {
    return;
  }
  std::set<base::Decimal> known;
  for (const Entry& pair : value.entries) {
    metering::MapEntry entry;
    const std::optional<base::Decimal> key = MapKey(reader, *pair.key);
    const bool has_value = ReadMapValue(reader, *pair.value, entry);
    if (!key || !has_value) {
      continue;
    }
    entry.key = *key;
    if (!known.insert(*key).second) {
      reader.problems().Error(pair.key->place, "key " + Quoted(pair.key->text) + " of " +
                                                   reader.Subject() + " equals a key before it");
      continue;
    }
    target.push_back(std::move(entry));
  }
}

void ReadLabels(ValueReader& reader, const Node& value, std::vector<std::string>& target) {
  if (!reader.IsList(value, "label names")) {
    return;
  }
  std::unordered_set<std::string> known;
  for (const Node* const item : value.items) {
    std::optional<std::string> label = reader.Text(*item);
    if (!label) {
      continue;
    }
    if (!base::IsLabelName(*label)) {
      reader.Wrong(*item, "has " + Quoted(*label) + ", which is not a label name",
                   "letters, digits and _, not a digit first");
      continue;
    }
    if (!known.insert(*label).second) {
      reader.problems().Warn(item->place,
                             reader.Subject() + " has label " + Quoted(*label) + " twice");
    }
    target.push_back(*std::move(label));
  }
}

}  // namespace promtally::config
