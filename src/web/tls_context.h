// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

#include "promtally/base/result.h"
#include "promtally/config/web_config.h"

namespace promtally::web {

/// Certificate, key and rules of a TLS server, ready for handshakes. HTTP/1.1 is what it offers by
/// ALPN; sessions are not resumed, so that a certificate that was withdrawn is asked for again.
/// Immutable; any thread. Must outlive the sessions that it made.
class TlsContext {
 public:
  /// The PEM texts of `settings` must be filled in (`cert`, `key.value`, `client_ca`), whatever
  /// files they came from. kInvalidArgument: what cannot be used, without a word of the key.
  [[nodiscard]] static base::Result<std::shared_ptr<TlsContext>> Make(
      const config::TlsServerSettings& settings);

  explicit TlsContext(std::vector<std::string> allowed_sans);

  /// A session for one connection; the caller owns it.
  [[nodiscard]] SSL* NewSession() const;

 private:
  static int Verify(X509_STORE_CTX* store, void* self);
  [[nodiscard]] base::Status UseCertificate(const config::TlsServerSettings& settings);
  [[nodiscard]] base::Status UseVersions(const config::TlsServerSettings& settings);
  [[nodiscard]] base::Status UseClientAuth(const config::TlsServerSettings& settings);

  std::shared_ptr<SSL_CTX> context_;
  const std::vector<std::string> allowed_sans_;
  bool verifies_ = false;  ///< an authority must have signed the client's certificate
};

}  // namespace promtally::web
