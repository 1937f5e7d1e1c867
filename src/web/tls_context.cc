// SPDX-License-Identifier: Apache-2.0
#include "web/tls_context.h"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace promtally::web {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <typename Thing>
using Owned = std::unique_ptr<Thing, Free>;

// A key file with a passphrase must not ask for it on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

/// The reason of OpenSSL's last error; its queue is empty afterwards.
std::string LastReason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const text = ERR_reason_error_string(code);
  return text == nullptr ? "unknown reason" : text;
}

tl::unexpected<base::Error> Fail(const std::string& what) {
  return base::Fail(base::ErrorCode::kInvalidArgument, what + ": " + LastReason());
}

/// All certificates of a PEM text.
std::vector<Owned<X509>> ReadCertificates(const std::string& pem) {
  std::vector<Owned<X509>> certificates;
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (bio) {
    Owned<X509> next(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!next) {
      break;
    }
    certificates.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (at_end && !certificates.empty()) {
    ERR_clear_error();  // that is how the end of the text is told
  } else {
    certificates.clear();
  }
  return certificates;
}

int VersionOf(config::TlsVersion version) {
  constexpr std::array kVersions{TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions.at(static_cast<std::size_t>(version));
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ":") + name;
  }
  return text;
}

// What is chosen is pointed to, and so it outlives the call.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned in_size, void*) {
  static constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, kHttp11.data(), kHttp11.size(), in, in_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string AddressText(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_v4 = ASN1_STRING_length(bytes) == 4;
  if (!is_v4 && ASN1_STRING_length(bytes) != 16) {
    return {};
  }
  inet_ntop(is_v4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

std::string NameText(const GENERAL_NAME* name) {
  int type = 0;
  const void* const value = GENERAL_NAME_get0_value(name, &type);
  if (type == GEN_IPADD) {
    return AddressText(static_cast<const ASN1_OCTET_STRING*>(value));
  }
  if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_URI) {
    return {};
  }
  const auto* const text = static_cast<const ASN1_STRING*>(value);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// Alternative names only: the common name counts for nothing.
bool HasOneOf(X509* certificate, const std::vector<std::string>& allowed) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string text = NameText(sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty() && std::find(allowed.begin(), allowed.end(), text) != allowed.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace

TlsContext::TlsContext(std::vector<std::string> allowed_sans)
    : context_(SSL_CTX_new(TLS_server_method()), [](SSL_CTX* each) { SSL_CTX_free(each); }),
      allowed_sans_(std::move(allowed_sans)) {
  if (!context_) {
    throw std::bad_alloc();
  }
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                          SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context_.get(), 0);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context_.get(), ChooseProtocol, nullptr);
}

base::Result<std::shared_ptr<TlsContext>> TlsContext::Make(
    const config::TlsServerSettings& settings) {
  ERR_clear_error();
  auto made = std::make_shared<TlsContext>(settings.client_allowed_sans);
  for (const auto step :
       {&TlsContext::UseVersions, &TlsContext::UseCertificate, &TlsContext::UseClientAuth}) {
    if (const base::Status status = ((*made).*step)(settings); !status) {
      return tl::unexpected(status.error());
    }
  }
  return made;
}

SSL* TlsContext::NewSession() const { return SSL_new(context_.get()); }

base::Status TlsContext::UseVersions(const config::TlsServerSettings& settings) {
  SSL_CTX* const context = context_.get();
  const bool is_old = settings.min_version < config::TlsVersion::kTls12;
  // Debian's level refuses what TLS 1.0 and 1.1 need; who asks for them gets them.
  std::string ciphers = settings.cipher_suites.empty() ? "ECDHE+AESGCM:ECDHE+CHACHA20"
                                                       : Joined(settings.cipher_suites);
  if (is_old) {
    ciphers += settings.cipher_suites.empty() ? ":ECDHE+AES" : "";
    SSL_CTX_set_security_level(context, 0);
  }
  if (SSL_CTX_set_min_proto_version(context, VersionOf(settings.min_version)) != 1 ||
      SSL_CTX_set_max_proto_version(context, VersionOf(settings.max_version)) != 1 ||
      SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) {
    return Fail("the TLS versions or cipher suites cannot be used");
  }
  if (settings.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  const std::string curves =
      settings.curves.empty() ? "X25519:P-256:P-384:P-521" : Joined(settings.curves);
  if (SSL_CTX_set1_groups_list(context, curves.c_str()) != 1) {
    return Fail("the curves cannot be used");
  }
  return {};
}

base::Status TlsContext::UseCertificate(const config::TlsServerSettings& settings) {
  SSL_CTX* const context = context_.get();
  const auto chain = ReadCertificates(settings.cert);
  if (chain.empty() || SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return Fail("the certificate cannot be used");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return Fail("the chain of the certificate cannot be used");
    }
  }
  const std::string& pem = settings.key.value;
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Owned<EVP_PKEY> key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr)
                                : nullptr);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return Fail("the key cannot be used");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Fail("the key is not that of the certificate");
  }
  return {};
}

base::Status TlsContext::UseClientAuth(const config::TlsServerSettings& settings) {
  using config::ClientAuth;
  SSL_CTX* const context = context_.get();
  if (settings.client_auth == ClientAuth::kNone) {
    return {};
  }
  verifies_ = settings.client_auth == ClientAuth::kVerifyIfGiven ||
              settings.client_auth == ClientAuth::kRequireAndVerify;
  const bool must = settings.client_auth == ClientAuth::kRequireAny ||
                    settings.client_auth == ClientAuth::kRequireAndVerify;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  SSL_CTX_set_cert_verify_callback(context, Verify, this);
  if (settings.client_ca.empty()) {
    if (verifies_ && SSL_CTX_set_default_verify_paths(context) != 1) {
      return Fail("the system's authorities cannot be used");
    }
    return {};
  }
  const auto authorities = ReadCertificates(settings.client_ca);
  if (authorities.empty()) {
    return Fail("the client CA cannot be used");
  }
  for (const auto& authority : authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Fail("the client CA cannot be used");
    }
  }
  return {};
}

int TlsContext::Verify(X509_STORE_CTX* store, void* self) {
  const auto& context = *static_cast<const TlsContext*>(self);
  if (context.verifies_ && X509_verify_cert(store) != 1) {
    return 0;
  }
  X509* const certificate = X509_STORE_CTX_get0_cert(store);
  if (!context.allowed_sans_.empty() &&
      (certificate == nullptr || !HasOneOf(certificate, context.allowed_sans_))) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  if (!context.verifies_) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
  }
  return 1;
}

}  // namespace promtally::web
