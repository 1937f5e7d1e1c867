// SPDX-License-Identifier: Apache-2.0
#include "web/refusals.h"

#include <string>

#include "web/body_value.h"

namespace promtally::web {
namespace {

/// nullptr: the service never refused for this.
const char* IcosMessage(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kNoToken:
      return "No authorization header.";
    case RefusalReason::kBadToken:
      return "Error with the token.";
    case RefusalReason::kForbidden:
      return "Insufficient permissions.";
    default:
      return nullptr;
  }
}

}  // namespace

Response RefusalOf(ErrorStyle style, const Refusal& refusal) {
  Response response;
  const char* const message = IcosMessage(refusal.reason);
  if (style == ErrorStyle::kDetail && message != nullptr) {
    std::string json = R"({"message":)";
    AppendJsonText(json, message);
    response = JsonResponse(refusal.status, json + "}");
  } else if (style == ErrorStyle::kText) {
    return RefusalResponse(refusal);
  } else {
    response = ErrorResponse(style, refusal.status, refusal.detail);
  }
  response.headers = refusal.headers;
  return response;
}

Refusal ForOneScopeOnly() {
  Refusal refusal;
  refusal.status = 403;
  refusal.reason = RefusalReason::kForbidden;
  refusal.headers.emplace_back("WWW-Authenticate",
                               R"(Bearer realm="promtally", error="insufficient_scope")");
  refusal.detail = "this token reads the usage of its scopes, and nothing else";
  return refusal;
}

}  // namespace promtally::web
