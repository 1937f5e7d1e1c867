// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_lines.h"

#include <algorithm>

namespace promtally::config {

std::string WithoutPassword(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::size_t at = url.rfind('@', end);
  if (at == std::string::npos || at < begin) {
    return url;
  }
  return url.substr(0, begin) + std::string(kSecret) + url.substr(at);
}

std::string Nested(std::string_view key, const Lines& lines, std::string_view indent) {
  return lines.text().empty() ? std::string()
                              : std::string(indent) + std::string(key) + ":\n" + lines.text();
}

std::string HttpText(const HttpClientSettings& http, std::string_view indent) {
  const std::string below = std::string(indent) + "  ";
  Lines basic(below);
  basic.IfText("username", http.username);
  basic.Hide("password", http.password);
  Lines authorization(below);
  if (!http.credentials.empty()) {
    authorization.Text("type", http.authorization_type);
    authorization.Hide("credentials", http.credentials);
  }
  Lines tls(below);
  tls.IfText("ca_file", http.ca_file);
  tls.IfText("cert_file", http.cert_file);
  tls.IfText("key_file", http.key_file);
  tls.IfText("server_name", http.server_name);
  if (http.insecure_skip_verify) {
    tls.Bool("insecure_skip_verify", true);
  }
  Lines headers(below);
  for (const auto& header : http.headers) {
    headers.Raw(DoubleQuoted(header.first), kSecret);  // a token as often as a tenant
  }
  Lines rest{std::string(indent)};
  rest.Bool("follow_redirects", http.follow_redirects);
  rest.IfText("proxy_url", WithoutPassword(http.proxy_url));
  rest.IfText("no_proxy", http.no_proxy);
  if (http.proxy_from_environment) {
    rest.Bool("proxy_from_environment", true);
  }
  return Nested("basic_auth", basic, indent) + Nested("authorization", authorization, indent) +
         Nested("tls_config", tls, indent) + Nested("headers", headers, indent) + rest.text();
}

}  // namespace promtally::config
