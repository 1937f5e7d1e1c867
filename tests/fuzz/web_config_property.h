// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "promtally/config/web_config.h"

namespace promtally::config {

/// What holds for any bytes as web.yml: problems have a text and a place in the file, and what is
/// taken can be used as it is. Empty, or what does not hold.
inline std::string BrokenPropertyOfWebConfig(std::string_view bytes) {
  const WebConfigFile read = ReadWebConfig(bytes, "web.yml");
  static_cast<void>(LooksLikeWebConfig(bytes));
  const auto lines = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')) +
                     static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\r')) + 2;
  for (const base::Diagnostic& one : read.diagnostics) {
    if (one.file != "web.yml" || one.message.empty() || base::ToText(one).empty() ||
        static_cast<std::size_t>(one.line) > lines) {
      return "a problem without a text or a place: " + base::ToText(one);
    }
  }
  if (base::HasErrors(read.diagnostics)) {
    return "";
  }
  const WebConfig& web = read.settings;
  std::set<std::string> names;
  for (const auto& [user, hash] : web.users) {
    if (!IsBcryptHash(hash) || !names.insert(user).second) {
      return "a user twice, or without a hash";
    }
  }
  for (const auto& [name, value] : web.headers) {
    // Values are the server's to make harmless: promtool takes any.
    if (value.empty() || (!name.starts_with("X-") && !name.starts_with("Content-Security-") &&
                          !name.starts_with("Strict-Transport-"))) {
      return "a header that cannot be configured";
    }
  }
  if (web.rate_limit && web.rate_limit->interval.count() <= 0) {
    return "a rate limit without time";
  }
  if (web.tls && (web.tls->min_version > web.tls->max_version ||
                  (web.tls->cert.empty() && web.tls->cert_file.empty()) ||
                  (web.tls->key.value.empty() && web.tls->key.file.empty()))) {
    return "TLS without a certificate, a key or a version";
  }
  return "";
}

}  // namespace promtally::config
