// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value_reader.h"
#include "promtally/config/http_client_settings.h"
#include "promtally/config/settings.h"

namespace promtally::config {

inline HttpClientSettings& HttpOf(HttpClientSettings& settings) { return settings; }
inline HttpClientSettings& HttpOf(SourceSettings& source) { return source.http; }

void ReadBasicAuth(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadAuthorization(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadTlsConfig(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadHeaders(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadFollowRedirects(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadProxyUrl(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadNoProxy(ValueReader& reader, const Node& value, HttpClientSettings& target);
void ReadProxyFromEnvironment(ValueReader& reader, const Node& value, HttpClientSettings& target);

/// Contradictions between the HTTP client keys of one map.
void CheckHttpClient(const Node& map, Problems& problems);

/// Reads text that is an http(s) URL without user, query and fragment; trailing slashes are cut.
[[nodiscard]] std::optional<std::string> ReadUrl(ValueReader& reader, const Node& value);

/// The HTTP client keys with `prefix` in front, those of nested maps included.
void AppendHttpKeys(std::string_view prefix, std::vector<std::string>& keys);

/// Prometheus' HTTP client keys, for a Target that has HttpClientSettings: `HttpOf(Target&)`.
template <typename Target>
struct HttpFields {
  template <void (*Read)(ValueReader&, const Node&, HttpClientSettings&)>
  static void Into(ValueReader& reader, const Node& value, Target& target) {
    Read(reader, value, HttpOf(target));
  }
  static constexpr std::array<Field<Target>, 15> kTable{{
      {"basic_auth", Into<ReadBasicAuth>},
      {"authorization", Into<ReadAuthorization>},
      {"tls_config", Into<ReadTlsConfig>},
      {"follow_redirects", Into<ReadFollowRedirects>},
      {"proxy_url", Into<ReadProxyUrl>},
      {"no_proxy", Into<ReadNoProxy>},
      {"proxy_from_environment", Into<ReadProxyFromEnvironment>},
      {"headers", Into<ReadHeaders>},
      {"oauth2"},
      {"bearer_token"},
      {"bearer_token_file"},
      {"proxy_connect_header"},
      {"http_headers"},
      {"enable_http2"},
      {"sigv4"},
  }};
};

}  // namespace promtally::config
