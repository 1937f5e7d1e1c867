// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "inference/remote_server.h"
#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using nlohmann::json;

/// What FastAPI says: a text, or a list of `{"loc":[…],"msg":"…"}`.
std::string OfDetail(const json& detail) {
  std::string said;
  if (detail.is_array()) {
    for (const json& item : detail) {
      if (item.is_object() && item.contains("msg") && item["msg"].is_string()) {
        said += (said.empty() ? "" : "; ") + item["msg"].get<std::string>();
      }
    }
  }
  return said;
}

std::string OfJson(const json& body) {
  if (body.is_string()) {
    return body.get<std::string>();
  }
  if (!body.is_object()) {
    return {};
  }
  for (const char* const key : {"error", "message", "detail"}) {
    const auto member = body.find(key);
    if (member == body.end()) {
      continue;
    }
    if (member->is_string()) {
      return member->get<std::string>();
    }
    if (const std::string said = OfDetail(*member); !said.empty()) {
      return said;
    }
  }
  return {};
}

/// Where a stack trace begins, the text ends.
std::string_view WithoutTrace(std::string_view text) {
  for (const std::string_view begin :
       {"Traceback (most recent call last)", "\n  File \"", "\n\tat ", "\n    at "}) {
    text = text.substr(0, text.find(begin));
  }
  return text;
}

}  // namespace

std::string FailureText(const RemoteAnswer& answer) {
  std::string said;
  const json body = json::parse(answer.body, nullptr, false);
  if (!body.is_discarded()) {
    said = OfJson(body);
  } else if (!answer.body.starts_with('<')) {  // a page says nothing in its first line
    said = answer.body.substr(0, answer.body.find('\n'));
  }
  std::string text(WithoutTrace(said));
  for (char& c : text) {
    c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  }
  while (text.ends_with(' ')) {
    text.pop_back();
  }
  const std::string status = "HTTP " + std::to_string(answer.status);
  return text.empty() ? status : status + ": " + base::OneLine(text);
}

}  // namespace promtally::inference
