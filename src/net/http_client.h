// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/time.h"
#include "promtally/config/http_client_settings.h"

namespace promtally::net {

/// Receives a body as it arrives, on the curl thread. Write() returns false to abort the transfer.
class BodySink {
 public:
  virtual ~BodySink() = default;
  [[nodiscard]] virtual bool Write(std::string_view bytes) = 0;
};

struct HttpRequest {
  std::string url;
  std::string form_body;     ///< not empty: POST with application/x-www-form-urlencoded; else GET
  std::string content_type;  ///< not empty: POST of `body` with this Content-Type
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< only for where it is sent to
  base::Milliseconds timeout{60000};
  std::uint64_t byte_limit = 64ULL << 20;  ///< decoded bytes; above: TransferError::kTooLarge
  bool accept_compression = false;
  std::uint64_t compression_ratio = 100;  ///< decoded : received, above: kTooLarge
};

/// Why a transfer gave no usable response. kNone: `status` and the whole body were received.
enum class TransferError {
  kNone,
  kConnect,  ///< name, connection, TLS, or cut before any answer
  kTimeout,
  kIncompleteBody,  ///< fewer bytes than announced
  kTooLarge,        ///< byte limit or compression ratio (looked at from 1 MiB on)
  kAborted,         ///< by the sink
  kCancelled,
};

struct HttpResponse {
  TransferError error = TransferError::kNone;
  std::string error_text;  ///< one line, no secrets
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::uint64_t body_bytes = 0;                              ///< decoded
  std::chrono::microseconds wall{0};
  [[nodiscard]] const std::string* Header(std::string_view lower_case_name) const;
};

/// An HTTP client on one thread of its own, which owns all curl handles; connections are kept
/// alive. Requests and results cross by value. Construct and destroy on one thread; Send and Cancel
/// from any, completions included. Destruction cancels what is in flight (each completion is still
/// called) and joins. The first client made initialises libcurl for the process.
///
/// Secrets that stand in files are read again for each request. Redirects, where they are allowed,
/// are followed three times at most, with the same method and body, never from https to http, and
/// without credentials and custom headers once scheme, host or port has changed. A redirect that is
/// not followed is a response with its 3xx status. Nothing is retried here.
class HttpClient {
 public:
  /// Called on the client's thread, exactly once for each Send; must not block. The sink comes back
  /// to its owner.
  using Completion = std::function<void(HttpResponse, std::unique_ptr<BodySink>)>;

  explicit HttpClient(const config::HttpClientSettings& settings);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  std::uint64_t Send(HttpRequest request, std::unique_ptr<BodySink> sink, Completion done);
  void Cancel(std::uint64_t id);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace promtally::net
