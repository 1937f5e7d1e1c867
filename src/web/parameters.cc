// SPDX-License-Identifier: Apache-2.0
#include "web/parameters.h"

#include <algorithm>
#include <charconv>

#include "web/router.h"

namespace promtally::web {
namespace {

constexpr std::size_t kDefaultLimit = 1000;
constexpr std::size_t kMostLimit = 10000;

}  // namespace

Parameters::Parameters(const Request& request, std::vector<std::string_view> known) {
  auto given = ParseQuery(request.query);
  if (!given) {
    Add("the query is not percent-encoded UTF-8");
    return;
  }
  given_ = *std::move(given);
  for (const auto& parameter : given_) {
    if (std::find(known.begin(), known.end(), parameter.first) == known.end()) {
      Add("there is no parameter " + parameter.first);
    }
  }
}

std::optional<std::string> Parameters::Text(std::string_view name) {
  const auto values = Texts(name);
  if (values.size() > 1) {
    Add(std::string(name) + " is given twice");
  }
  return values.empty() ? std::nullopt : std::optional(values.front());
}

std::vector<std::string> Parameters::Texts(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [given, value] : given_) {
    if (given == name) {
      values.push_back(value);
    }
  }
  return values;
}

std::optional<base::Instant> Parameters::Time(std::string_view name, base::Instant now) {
  const auto text = Text(name);
  if (!text) {
    return std::nullopt;
  }
  const auto instant = base::ParseTimeArgument(*text, now);
  if (!instant) {
    Add(std::string(name) + ": " + instant.error().message);
    return std::nullopt;
  }
  return *instant;
}

bool Parameters::Flag(std::string_view name) {
  const auto text = Text(name);
  if (text && *text != "true" && *text != "false") {
    Add(std::string(name) + " is true or false");
  }
  return text == "true";
}

std::size_t Parameters::Limit() {
  const auto text = Text("limit");
  if (!text) {
    return kDefaultLimit;
  }
  std::size_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, limit);
  if (read.ec != std::errc() || read.ptr != end || limit < 1 || limit > kMostLimit) {
    Add("limit is a whole number from 1 to 10000");
    return kDefaultLimit;
  }
  return limit;
}

Response Parameters::Refusal() const { return ProblemResponse(400, problems_.front(), problems_); }

}  // namespace promtally::web
