// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>

#include "metering/anchored_regex.h"
#include "metering/promql_functions.h"

namespace promtally::metering {

namespace {

bool IsValidName(const std::string& name, PromqlSemantics semantics) {
  return semantics == PromqlSemantics::kPrometheus2 ? base::IsLabelName(name) : !name.empty();
}

tl::unexpected<base::Error> InvalidName(const char* what, const FunctionCall& call,
                                        const std::string& name) {
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    std::string("invalid ") + what + " label name in " + std::string(call.name) +
                        "(): " + promql::Quote(name));
}

bool IsNameByte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return std::isalnum(value) != 0 || byte == '_' || value >= 0x80;
}

/// A group by its number or name; one that is not there is empty.
std::string GroupText(const AnchoredRegex& regex, const std::vector<std::string>& groups,
                      std::string_view name) {
  constexpr std::size_t kDigits = 8;
  const bool is_number = name.size() <= kDigits &&
                         name.find_first_not_of("0123456789") == std::string_view::npos &&
                         (name.size() == 1 || name.front() != '0');
  const auto number = is_number ? std::optional<std::size_t>(std::stoul(std::string(name)))
                                : regex.GroupNumber(std::string(name));
  return number && *number < groups.size() ? groups[*number] : "";
}

/// Go's Regexp.Expand: `$1`, `${1}`, `$name`, `${name}`, `$$`; a `$` before anything else stands
/// for itself.
std::string Expand(std::string_view pattern, const AnchoredRegex& regex,
                   const std::vector<std::string>& groups) {
  std::string text;
  while (!pattern.empty()) {
    const std::size_t dollar = std::min(pattern.find('$'), pattern.size());
    text += pattern.substr(0, dollar);
    pattern.remove_prefix(dollar);
    if (pattern.empty()) {
      break;
    }
    pattern.remove_prefix(1);
    if (pattern.starts_with('$')) {
      text += '$';
      pattern.remove_prefix(1);
      continue;
    }
    const bool has_brace = pattern.starts_with('{');
    const std::size_t first = has_brace ? 1 : 0;
    std::size_t end = first;
    while (end < pattern.size() && IsNameByte(pattern[end])) {
      ++end;
    }
    if (end == first || (has_brace && (end >= pattern.size() || pattern[end] != '}'))) {
      text += '$';
      continue;
    }
    text += GroupText(regex, groups, pattern.substr(first, end - first));
    pattern.remove_prefix(end + first);
  }
  return text;
}

}  // namespace

base::Result<InstantVector> ReplaceLabel(const FunctionCall& call) {
  const std::string& target = call.Text(1);
  const auto regex = AnchoredRegex::Make(
      call.Text(4), call.semantics == PromqlSemantics::kPrometheus3 ? DotMatchesNewline::kYes
                                                                    : DotMatchesNewline::kNo);
  if (!regex) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "invalid regular expression in label_replace(): " + call.Text(4));
  }
  if (!IsValidName(target, call.semantics)) {
    return InvalidName("destination", call, target);
  }
  InstantVector result = call.Vector(0);
  for (VectorSample& sample : result) {
    if (const auto groups = regex->Groups(LabelOrEmpty(sample.labels, call.Text(3)))) {
      SetLabel(&sample.labels, target, Expand(call.Text(2), *regex, *groups));
    }
  }
  return result;
}

base::Result<InstantVector> JoinLabels(const FunctionCall& call) {
  constexpr std::size_t kFirstSource = 3;
  const std::string& target = call.Text(1);
  for (std::size_t i = kFirstSource; i < call.arguments.size(); ++i) {
    if (!IsValidName(call.Text(i), call.semantics)) {
      return InvalidName("source", call, call.Text(i));
    }
  }
  if (!IsValidName(target, call.semantics)) {
    return InvalidName("destination", call, target);
  }
  InstantVector result = call.Vector(0);
  for (VectorSample& sample : result) {
    std::string joined;
    for (std::size_t i = kFirstSource; i < call.arguments.size(); ++i) {
      joined += i > kFirstSource ? call.Text(2) : "";
      joined += LabelOrEmpty(sample.labels, call.Text(i));
    }
    SetLabel(&sample.labels, target, std::move(joined));
  }
  return result;
}

}  // namespace promtally::metering
