// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/diagnostic.h"
#include "promtally/base/time.h"
#include "promtally/config/http_client_settings.h"

namespace promtally::config {

enum class TlsVersion { kTls10, kTls11, kTls12, kTls13 };

/// Whether clients are asked for a certificate, and whether an authority must have signed it.
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

/// `tls_server_config` of web.yml. Paths are as written; the caller joins them with the folder of
/// the file.
struct TlsServerSettings {
  std::string cert_file;
  std::string cert;  ///< PEM, in the place of cert_file; key and client_ca likewise
  Secret key;        ///< key or key_file
  std::string client_ca_file;
  std::string client_ca;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;  ///< one of these must be in the certificate
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites;  ///< OpenSSL's names, of TLS 1.2 and older; empty: ours
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curves;  ///< OpenSSL's names; empty: ours
};

/// A request takes a token, one token comes back in each interval, at most `burst` are kept.
struct RateLimit {
  base::Milliseconds interval{1000};
  std::size_t burst = 1;
};

/// web.yml, the file that Prometheus' exporters call `--web.config.file`. Immutable once read.
struct WebConfig {
  std::optional<TlsServerSettings> tls;                      ///< absent: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  ///< of every response
  std::vector<std::pair<std::string, std::string>> users;    ///< name and bcrypt hash
  std::optional<RateLimit> rate_limit;
};

struct WebConfigFile {
  WebConfig settings;
  base::Diagnostics diagnostics;
};

/// Reads web.yml in exporter-toolkit's schema: all problems at once. Files that it names are not
/// looked at.
[[nodiscard]] WebConfigFile ReadWebConfig(std::string_view bytes, std::string_view file);

/// True when the file has a top-level key of web.yml.
[[nodiscard]] bool LooksLikeWebConfig(std::string_view bytes);

/// Every key of web.yml, as dotted path: documentation is tested against it.
[[nodiscard]] std::vector<std::string> WebConfigKeys();

/// `$2a$`, `$2b$` or `$2y$`, a cost of 04 to 31, 22 characters of salt and 31 of hash.
[[nodiscard]] bool IsBcryptHash(std::string_view text);

}  // namespace promtally::config
