// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "web/http.h"

namespace promtally::web {

enum class AuthorizationScheme {
  kNone,  ///< there is no such header
  kBasic,
  kBearer,
  kOther,  ///< another scheme, no credentials, or two headers
};

struct Authorization {
  AuthorizationScheme scheme = AuthorizationScheme::kNone;
  std::string credentials;
};

/// The Authorization header, strictly: a scheme, one blank, credentials without blanks. Any thread.
[[nodiscard]] Authorization ParseAuthorization(const Request& request);

/// User and password of Basic credentials; nullopt: not canonical base64, no colon inside, or a NUL
/// byte, at which the comparison of passwords would stop.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> ParseBasicCredentials(
    const std::string& credentials);

}  // namespace promtally::web
