// SPDX-License-Identifier: Apache-2.0
#include "web/router.h"

#include <algorithm>
#include <set>
#include <utility>

#include "promtally/base/labels.h"
#include "web/body_value.h"
#include "web/url_text.h"

namespace promtally::web {
namespace {

bool IsParameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// Takes the text up to the next slash off the front.
std::string_view TakeSegment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

/// Segment by segment: an encoded slash is part of its parameter.
bool Fits(std::string_view path_template, std::string_view path,
          std::map<std::string, std::string>* parameters) {
  if (std::count(path_template.begin(), path_template.end(), '/') !=
      std::count(path.begin(), path.end(), '/')) {
    return false;
  }
  std::map<std::string, std::string> found;
  while (!path_template.empty() || !path.empty()) {
    const std::string_view expected = TakeSegment(path_template);
    const std::string_view segment = TakeSegment(path);
    if (!IsParameter(expected)) {
      if (expected != segment) {
        return false;
      }
      continue;
    }
    auto value = PercentDecode(segment, false);
    if (segment.empty() || !value || !base::IsUtf8(*value)) {
      return false;
    }
    found.emplace(expected.substr(1, expected.size() - 2), *std::move(value));
  }
  *parameters = std::move(found);
  return true;
}

bool Answers(const Route& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

ErrorStyle StyleOf(std::string_view path) {
  return path.starts_with("/api/") ? ErrorStyle::kProblem : ErrorStyle::kText;
}

bool EqualsLower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

}  // namespace

void Router::Add(Route route) {
  const std::size_t place = routes_.size();
  if (route.path.find("/{") == std::string::npos) {
    literal_[route.path].push_back(place);
  } else {
    const auto known = std::find_if(with_parameters_.begin(), with_parameters_.end(),
                                    [&](const auto& one) { return one.first == route.path; });
    if (known != with_parameters_.end()) {
      known->second.push_back(place);
    } else {
      with_parameters_.emplace_back(route.path, Methods{place});
    }
  }
  routes_.push_back(std::move(route));
}

void Router::AddAlias(std::string path, const std::string& of) {
  literal_.emplace(std::move(path), literal_.at(of));
}

/// A path that is written out comes before one with parameters in its place; nullptr: none.
const Router::Methods* Router::MethodsOf(std::string_view path,
                                         std::map<std::string, std::string>* parameters) const {
  if (const auto found = literal_.find(path); found != literal_.end()) {
    return &found->second;
  }
  for (const auto& [path_template, methods] : with_parameters_) {
    if (Fits(path_template, path, parameters)) {
      return &methods;
    }
  }
  return nullptr;
}

Response Router::NotAllowed(const Methods& methods, std::string_view method) const {
  std::string allow;
  ErrorStyle style = ErrorStyle::kText;
  for (const std::size_t place : methods) {
    const Route& route = routes_[place];
    style = route.errors;
    allow += (allow.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
  }
  Response response =
      ErrorResponse(style, 405,
                    style == ErrorStyle::kDetail
                        ? std::string("Method Not Allowed")
                        : "this path does not take " + std::string(method) + ", but " + allow);
  response.headers.emplace_back("Allow", allow);
  response.route = routes_[methods.front()].path;
  return response;
}

Router::Match Router::Find(const Request& request) const {
  Match match;
  std::string_view path = request.path;
  if (path.starts_with(prefix_)) {
    path.remove_prefix(prefix_.size());
  } else {
    path = {};
  }
  const Methods* const methods = MethodsOf(path, &match.path);
  if (methods == nullptr) {
    match.errors = StyleOf(path);
    match.refusal = ErrorResponse(match.errors, 404, "404 page not found");
    return match;
  }
  match.group = routes_[methods->front()].group;
  match.errors = routes_[methods->front()].errors;
  const auto place = std::find_if(methods->begin(), methods->end(), [&](std::size_t candidate) {
    return Answers(routes_[candidate], request.method);
  });
  if (place == methods->end()) {
    match.refusal = NotAllowed(*methods, request.method);
    return match;
  }
  const Route& route = routes_[*place];
  const std::string* content_type = FindHeader(request, "Content-Type");
  if (route.takes_json && (content_type == nullptr || !IsJsonContentType(*content_type))) {
    match.refusal = ErrorResponse(route.errors, 415,
                                  "a change needs the header Content-Type: application/json");
    match.refusal.route = route.path;
    return match;
  }
  match.group = route.group;  // those of a path may differ: GET reads, DELETE writes
  match.route = &route;
  return match;
}

bool IsJsonContentType(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) {
    type.remove_suffix(1);
  }
  constexpr std::string_view kMain = "application/";
  if (!EqualsLower(type.substr(0, kMain.size()), kMain)) {
    return false;
  }
  type.remove_prefix(kMain.size());
  constexpr std::string_view kSuffix = "+json";
  return EqualsLower(type, "json") ||
         (type.size() > kSuffix.size() &&
          EqualsLower(type.substr(type.size() - kSuffix.size()), kSuffix));
}

Response JsonResponse(int status, std::string json) {
  Response response = TextResponse(status, std::move(json));
  response.content_type = "application/json";
  return response;
}

Response ProblemResponse(int status, std::string_view detail,
                         const std::vector<std::string>& errors) {
  std::string json = R"({"type":"about:blank","title":)";
  AppendJsonText(json, ReasonPhrase(status));
  json += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  AppendJsonText(json, detail);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    json += i == 0 ? ",\"errors\":[" : ",";
    AppendJsonText(json, errors[i]);
  }
  json += errors.empty() ? "}" : "]}";
  Response response = JsonResponse(status, std::move(json));
  response.content_type = "application/problem+json";
  return response;
}

Response ErrorResponse(ErrorStyle style, int status, std::string_view reason) {
  if (style == ErrorStyle::kText) {
    return TextResponse(status, std::string(reason) + "\n");
  }
  if (style == ErrorStyle::kProblem) {
    return ProblemResponse(status, reason);
  }
  std::string json = R"({"detail":)";
  AppendJsonText(json, reason);
  return JsonResponse(status, json + "}");
}

}  // namespace promtally::web
