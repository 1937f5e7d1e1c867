// SPDX-License-Identifier: Apache-2.0
#include "config/environment.h"

#include <optional>

#include "config/problems.h"
#include "promtally/base/labels.h"

namespace promtally::config {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::string_view kOpen = "${";
constexpr std::string_view kDefault = ":-";

// The value of what stands between the braces.
base::Result<std::string> Lookup(std::string_view reference, const Environment& environment) {
  const std::size_t separator = reference.find(kDefault);
  const std::string name(reference.substr(0, separator));
  // A label name is by the same grammar as a variable's name.
  if (!base::IsLabelName(name)) {
    return Fail(ErrorCode::kParse, Quoted(name) + " is no name of an environment variable");
  }
  const std::optional<std::string> value = environment ? environment(name) : std::nullopt;
  if (separator != std::string_view::npos && (!value || value->empty())) {
    return std::string(reference.substr(separator + kDefault.size()));
  }
  if (!value) {
    return Fail(ErrorCode::kNotFound, "environment variable " + Quoted(name) + " is not set");
  }
  return *value;
}

}  // namespace

base::Result<ExpandedText> ExpandEnvironment(std::string_view text,
                                             const Environment& environment) {
  ExpandedText expanded;
  while (true) {
    const std::size_t open = text.find(kOpen);
    expanded.text += text.substr(0, open);
    if (open == std::string_view::npos) {
      return expanded;
    }
    text.remove_prefix(open + kOpen.size());
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) {
      return Fail(ErrorCode::kParse, "\"${\" is not closed");
    }
    const std::string_view reference = text.substr(0, close);
    if (reference.find(kOpen) != std::string_view::npos) {
      return Fail(ErrorCode::kParse, "\"${\" inside \"${\" is not allowed");
    }
    const auto value = Lookup(reference, environment);
    if (!value) {
      return tl::unexpected(value.error());
    }
    expanded.text += *value;
    expanded.from_environment = true;
    text.remove_prefix(close + 1);
  }
}

}  // namespace promtally::config
