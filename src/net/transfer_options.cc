// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "net/credentials.h"
#include "net/transfer.h"

namespace promtally::net {
namespace {

constexpr base::Milliseconds kConnectTimeout{10000};

template <typename Value>
void Set(CURL* handle, CURLoption option, Value value) {
  // Options that this libcurl does not know would be a build error of ours: nothing to handle.
  static_cast<void>(curl_easy_setopt(handle, option, value));
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

base::Status Transfer::Prepare(const config::HttpClientSettings& settings) {
  if (!handle_) {
    handle_.reset(curl_easy_init());
  } else {
    curl_easy_reset(handle_.get());
  }
  if (!handle_) {
    return base::Fail(base::ErrorCode::kInternal, "curl gives no handle");
  }
  response_ = HttpResponse();
  header_bytes_ = 0;
  header_complete_ = false;
  error_buffer_[0] = '\0';
  discard_body_ = settings.follow_redirects && redirects_ < kRedirectLimit;
  CURL* handle = handle_.get();
  Set(handle, CURLOPT_PRIVATE, static_cast<void*>(this));
  Set(handle, CURLOPT_ERRORBUFFER, error_buffer_.data());
  Set(handle, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  Set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  Set(handle, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  Set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  Set(handle, CURLOPT_USERAGENT, "promtally/" PROMTALLY_VERSION);
  SetLimits();
  SetBody();
  SetProxy(settings);
  SetTls(settings);
  const base::Status url = SetUrl(settings);
  return url ? SetHeaders(settings) : url;
}

void Transfer::SetLimits() {
  CURL* handle = handle_.get();
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_FOLLOWLOCATION, 0L);  // TakeRedirect decides
  Set(handle, CURLOPT_UNRESTRICTED_AUTH, 0L);
  Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Curl takes 0 as "no limit".
  const base::Milliseconds left = std::max(TimeLeft(), base::Milliseconds(1));
  Set(handle, CURLOPT_TIMEOUT_MS, left.count());
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, std::min(left, kConnectTimeout).count());
  Set(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.byte_limit));
  if (request_.accept_compression) {
    // Without q values: Prometheus does not read them and then answers plain.
    Set(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  }
}

void Transfer::SetBody() {
  const bool typed = !request_.content_type.empty();
  const std::string& body = typed ? request_.body : request_.form_body;
  if (typed || !body.empty()) {
    CURL* handle = handle_.get();
    Set(handle, CURLOPT_POST, 1L);
    Set(handle, CURLOPT_POSTFIELDS, body.c_str());
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
}

void Transfer::SetProxy(const config::HttpClientSettings& settings) {
  CURL* handle = handle_.get();
  if (!settings.proxy_url.empty()) {
    Set(handle, CURLOPT_PROXY, settings.proxy_url.c_str());
    Set(handle, CURLOPT_NOPROXY, settings.no_proxy.c_str());
  } else if (!settings.proxy_from_environment) {
    Set(handle, CURLOPT_PROXY, "");
  }
}

void Transfer::SetTls(const config::HttpClientSettings& settings) {
  CURL* handle = handle_.get();
  Set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  const long verify = settings.insecure_skip_verify ? 0L : 1L;
  Set(handle, CURLOPT_SSL_VERIFYPEER, verify);
  Set(handle, CURLOPT_SSL_VERIFYHOST, verify * 2);
  if (!settings.ca_file.empty()) {
    // The file replaces the system's authorities, which curl would take from its folder as well.
    Set(handle, CURLOPT_CAINFO, settings.ca_file.c_str());
    Set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (trusted_) {
    Set(handle, CURLOPT_SSLCERT, OrNull(settings.cert_file));
    Set(handle, CURLOPT_SSLKEY, OrNull(settings.key_file));
  }
}

base::Status Transfer::SetUrl(const config::HttpClientSettings& settings) {
  const std::optional<Origin> origin = ParseOrigin(url_);
  if (!origin) {
    return base::Fail(base::ErrorCode::kInvalidArgument, "the URL is no http or https URL");
  }
  headers_.reset();
  connect_to_.reset();
  if (settings.server_name.empty() || origin->scheme != "https" || !trusted_ ||
      settings.server_name == origin->host) {
    Set(handle_.get(), CURLOPT_URL, url_.c_str());
    return {};
  }
  // Curl checks the certificate against the URL's host. So the URL gets the wanted name, and the
  // connection and the Host header keep the real one.
  const std::optional<std::string> url = WithHost(url_, settings.server_name);
  if (!url) {
    return base::Fail(base::ErrorCode::kInvalidArgument, "server_name is no host name");
  }
  const std::string target = "::" + origin->host + ":" + origin->port;
  connect_to_.reset(curl_slist_append(nullptr, target.c_str()));
  Set(handle_.get(), CURLOPT_URL, url->c_str());
  Set(handle_.get(), CURLOPT_CONNECT_TO, connect_to_.get());
  return AddHeader("Host", origin->host + (origin->port == "443" ? "" : ":" + origin->port));
}

base::Status Transfer::SetHeaders(const config::HttpClientSettings& settings) {
  // Curl would wait a second for "100 Continue" before it sends a larger form.
  headers_.reset(curl_slist_append(headers_.release(), "Expect:"));
  if (!request_.content_type.empty()) {
    if (base::Status added = AddHeader("Content-Type", request_.content_type); !added) {
      return added;
    }
  }
  if (trusted_) {
    const base::Result<Credentials> credentials = ReadCredentials(settings);
    if (!credentials) {
      return tl::unexpected(credentials.error());
    }
    if (!credentials->username.empty()) {
      Set(handle_.get(), CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      Set(handle_.get(), CURLOPT_USERNAME, credentials->username.c_str());
      Set(handle_.get(), CURLOPT_PASSWORD, credentials->password.c_str());
    }
    if (!credentials->authorization.empty()) {
      if (base::Status added = AddHeader("Authorization", credentials->authorization); !added) {
        return added;
      }
    }
    using Headers = std::vector<std::pair<std::string, std::string>>;
    for (const Headers* const headers : {&settings.headers, &std::as_const(request_.headers)}) {
      for (const auto& [name, value] : *headers) {
        if (base::Status added = AddHeader(name, value); !added) {
          return added;
        }
      }
    }
  }
  Set(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
  return {};
}

base::Status Transfer::AddHeader(const std::string& name, const std::string& value) {
  const std::string line = value.empty() ? name + ";" : name + ": " + value;  // curl's notation
  if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "a request header has a line break or a NUL inside");
  }
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) {
    return base::Fail(base::ErrorCode::kInternal, "out of memory for request headers");
  }
  static_cast<void>(headers_.release());
  headers_.reset(longer);
  return {};
}

base::Milliseconds Transfer::TimeLeft() const {
  return request_.timeout -
         std::chrono::duration_cast<base::Milliseconds>(std::chrono::steady_clock::now() - start_);
}

}  // namespace promtally::net
