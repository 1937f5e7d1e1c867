// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "net/http_client.h"
#include "net/url.h"
#include "promtally/base/result.h"

namespace promtally::net {

/// One request on its way: a curl handle, what it was given and what has come back. Made on any
/// thread; everything else happens on the curl thread.
class Transfer {
 public:
  Transfer(std::uint64_t id, HttpRequest request, std::unique_ptr<BodySink> sink,
           HttpClient::Completion done);
  ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] CURL* handle() const { return handle_.get(); }

  /// Makes the handle ready for the first request, or after a redirect for the next one.
  [[nodiscard]] base::Status Prepare(const config::HttpClientSettings& settings);

  /// True when the answer is a redirect that is to be followed: the next Prepare() asks there.
  [[nodiscard]] bool TakeRedirect(CURLcode code, const config::HttpClientSettings& settings);

  /// Calls the completion; the transfer must have left the multi handle.
  void Finish(CURLcode code);
  void FinishWith(TransferError error, std::string text);

 private:
  static constexpr int kRedirectLimit = 3;
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, ListDeleter>;
  struct HandleDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  [[nodiscard]] bool TakeHeader(std::string_view line);
  [[nodiscard]] bool TakeBody(std::string_view bytes);
  [[nodiscard]] bool IsBomb() const;

  void SetLimits();
  void SetBody();
  void SetProxy(const config::HttpClientSettings& settings);
  void SetTls(const config::HttpClientSettings& settings);
  [[nodiscard]] base::Status SetUrl(const config::HttpClientSettings& settings);
  [[nodiscard]] base::Status SetHeaders(const config::HttpClientSettings& settings);
  [[nodiscard]] base::Status AddHeader(const std::string& name, const std::string& value);
  [[nodiscard]] base::Milliseconds TimeLeft() const;
  [[nodiscard]] TransferError Judge(CURLcode code) const;
  [[nodiscard]] std::string ErrorText(TransferError error, CURLcode code) const;

  // Fixed after construction.
  std::uint64_t id_;
  HttpRequest request_;
  HttpClient::Completion done_;
  std::chrono::steady_clock::time_point start_;

  // Curl thread only. The lists and the error buffer outlive the handle, which points into them.
  std::array<char, CURL_ERROR_SIZE> error_buffer_{};
  List headers_;
  List connect_to_;
  std::unique_ptr<BodySink> sink_;
  std::unique_ptr<CURL, HandleDeleter> handle_;
  std::string url_;  ///< where the next request goes
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  int redirects_ = 0;
  bool trusted_ = true;  ///< still at the origin that was asked for: credentials may be shown
  bool header_complete_ = false;
  bool header_too_large_ = false;
  bool body_too_large_ = false;
  bool discard_body_ = false;  ///< of a redirect that will be followed
  bool aborted_ = false;
};

}  // namespace promtally::net
