// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "promtally/base/result.h"
#include "promtally/config/http_client_settings.h"

namespace promtally::net {

/// What one request shows to the server, in plain text: never logged, never part of an error.
struct Credentials {
  std::string username;  ///< not empty: basic authentication
  std::string password;
  std::string authorization;  ///< not empty: the whole value of the Authorization header
};

/// Reads the secrets of `settings` now, files included (a rotated secret is used at once; line ends
/// at the end of a file are cut). kUnavailable: a file cannot be read; kInvalidArgument: a secret
/// that cannot stand in a header. The message names the file, never what is in it.
[[nodiscard]] base::Result<Credentials> ReadCredentials(const config::HttpClientSettings& settings);

}  // namespace promtally::net
