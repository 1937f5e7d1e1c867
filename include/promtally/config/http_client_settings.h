// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/diagnostic.h"
#include "promtally/base/time.h"

namespace promtally::config {

/// A secret of a configuration file: inline, or the path of a file that is read again when it is
/// used. Cannot be streamed or formatted; printed as `<secret>` everywhere.
struct Secret {
  std::string value;  ///< inline
  std::string file;   ///< absolute, or relative to the configuration file
  [[nodiscard]] bool empty() const { return value.empty() && file.empty(); }
};

/// How to talk to an HTTP server: the keys of Prometheus' HTTP client configuration
/// (`--http.config.file` holds exactly these; a source has them beside its own).
struct HttpClientSettings {
  std::string username;                       ///< basic_auth.username
  Secret password;                            ///< basic_auth.password, basic_auth.password_file
  std::string authorization_type = "Bearer";  ///< authorization.type
  Secret credentials;                 ///< authorization.credentials, authorization.credentials_file
  std::string ca_file;                ///< tls_config.ca_file
  std::string cert_file;              ///< tls_config.cert_file
  std::string key_file;               ///< tls_config.key_file
  std::string server_name;            ///< tls_config.server_name
  bool insecure_skip_verify = false;  ///< tls_config.insecure_skip_verify
  bool follow_redirects = false;
  std::string proxy_url;
  std::string no_proxy;
  bool proxy_from_environment = false;
  std::vector<std::pair<std::string, std::string>> headers;  ///< custom request headers
};

/// A file that a configuration file names: the path as it is there, and an error at that place
/// whose message is still to be written.
struct NamedFile {
  std::string path;
  base::Diagnostic place;
};

struct HttpClientFile {
  HttpClientSettings settings;
  base::Diagnostics diagnostics;
  std::vector<NamedFile> files;  ///< secrets and certificates
};

/// Reads an `--http.config.file`.
[[nodiscard]] HttpClientFile ReadHttpClientFile(std::string_view bytes, std::string_view file);

}  // namespace promtally::config
