// SPDX-License-Identifier: Apache-2.0
#include "web/authorization.h"

#include <algorithm>

#include "web/access.h"
#include "web/base64.h"

namespace promtally::web {
namespace {

/// `name:port` without the port that the scheme has anyway.
std::string WithoutDefaultPort(std::string authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) {
    authority.resize(authority.size() - port.size());
  }
  return authority;
}

bool IsSafe(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

/// `https://name:port`; nullopt for anything else, `null` included.
std::optional<std::pair<std::string, std::string>> SplitOrigin(const std::string& origin) {
  for (const std::string_view scheme : {"http", "https"}) {
    const std::string front = std::string(scheme) + "://";
    if (EqualsIgnoringCase(std::string_view(origin).substr(0, front.size()), front)) {
      return std::pair(std::string(scheme), origin.substr(front.size()));
    }
  }
  return std::nullopt;
}

}  // namespace

Authorization ParseAuthorization(const Request& request) {
  Authorization authorization;
  const auto headers = std::count_if(
      request.headers.begin(), request.headers.end(),
      [](const auto& header) { return EqualsIgnoringCase(header.first, "Authorization"); });
  if (headers == 0) {
    return authorization;
  }
  authorization.scheme = AuthorizationScheme::kOther;
  const std::string& value = *FindHeader(request, "Authorization");
  const std::size_t blank = value.find(' ');
  if (headers > 1 || blank == std::string::npos || blank + 1 == value.size() ||
      value.find_first_of(" \t,", blank + 1) != std::string::npos) {
    return authorization;
  }
  const std::string_view scheme = std::string_view(value).substr(0, blank);
  if (EqualsIgnoringCase(scheme, "Basic")) {
    authorization.scheme = AuthorizationScheme::kBasic;
  } else if (EqualsIgnoringCase(scheme, "Bearer")) {
    authorization.scheme = AuthorizationScheme::kBearer;
  }
  authorization.credentials = value.substr(blank + 1);
  return authorization;
}

std::optional<std::pair<std::string, std::string>> ParseBasicCredentials(
    const std::string& credentials) {
  const auto text = DecodeBase64(credentials);
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || text->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return std::pair(text->substr(0, colon), text->substr(colon + 1));
}

bool IsForeignChange(const Request& request, const std::string& external_host) {
  if (IsSafe(request.method)) {
    return false;
  }
  const auto is_foreign = [&](const std::string& origin) {
    const auto parts = SplitOrigin(origin);
    if (!parts) {
      return true;
    }
    const auto& [scheme, authority] = *parts;
    const std::string name = WithoutDefaultPort(authority, scheme);
    const auto is = [&](const std::string& host) {
      return !host.empty() && EqualsIgnoringCase(name, WithoutDefaultPort(host, scheme));
    };
    return !is(request.host) && !is(external_host);
  };
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return EqualsIgnoringCase(header.first, "Origin") && is_foreign(header.second);
  });
}

}  // namespace promtally::web
