// SPDX-License-Identifier: Apache-2.0
#include "net/transfer.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace promtally::net {
namespace {

constexpr std::size_t kHeaderLimitBytes = 64 * 1024;
constexpr std::uint64_t kRatioFloorBytes = 1U << 20U;

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// The status of `HTTP/1.1 200 OK`; 0 for any other line.
int StatusOf(std::string_view line) {
  if (!line.starts_with("HTTP/")) {
    return 0;
  }
  const std::size_t blank = line.find(' ');
  int status = 0;
  for (std::size_t at = blank;
       at != std::string_view::npos && ++at < line.size() && at <= blank + 3;) {
    if (line[at] < '0' || line[at] > '9') {
      return 0;
    }
    status = status * 10 + (line[at] - '0');
  }
  return status;
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace

Transfer::Transfer(std::uint64_t id, HttpRequest request, std::unique_ptr<BodySink> sink,
                   HttpClient::Completion done)
    : id_(id),
      request_(std::move(request)),
      done_(std::move(done)),
      start_(std::chrono::steady_clock::now()),
      sink_(std::move(sink)),
      url_(request_.url) {}

bool Transfer::TakeRedirect(CURLcode code, const config::HttpClientSettings& settings) {
  if (code != CURLE_OK || !settings.follow_redirects || !IsRedirect(response_.status) ||
      redirects_ == kRedirectLimit) {
    return false;
  }
  const char* target = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &target);
  const std::optional<Origin> from = ParseOrigin(url_);
  const std::optional<Origin> to = target != nullptr ? ParseOrigin(target) : std::nullopt;
  if (!from || !to || (from->scheme == "https" && to->scheme != "https")) {
    return false;
  }
  trusted_ = trusted_ && *from == *to;
  url_ = target;
  ++redirects_;
  return true;
}

std::size_t Transfer::OnHeader(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept {
  try {
    const bool taken = static_cast<Transfer*>(self)->TakeHeader({data, size * count});
    return taken ? size * count : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

std::size_t Transfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    const bool taken = static_cast<Transfer*>(self)->TakeBody({data, size * count});
    return taken ? size * count : 0;
  } catch (const std::exception&) {
    static_cast<Transfer*>(self)->aborted_ = true;
    return 0;
  }
}

bool Transfer::TakeHeader(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderLimitBytes) {
    header_too_large_ = true;
    return false;
  }
  if (header_complete_) {
    return true;  // trailers of a chunked body
  }
  if (const int status = StatusOf(line)) {
    response_.status = status;
    response_.headers.clear();
    return true;
  }
  if (Trimmed(line).empty()) {
    header_complete_ = response_.status >= 200;  // else 100 Continue and the like: more will come
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && colon > 0 && line.front() != ' ' && line.front() != '\t') {
    response_.headers.emplace_back(LowerCase(line.substr(0, colon)),
                                   Trimmed(line.substr(colon + 1)));
  }
  return true;
}

bool Transfer::TakeBody(std::string_view bytes) {
  if (discard_body_ && IsRedirect(response_.status)) {
    return true;
  }
  response_.body_bytes += bytes.size();
  if (response_.body_bytes > request_.byte_limit || IsBomb()) {
    body_too_large_ = true;
    return false;
  }
  if (sink_ && !sink_->Write(bytes)) {
    aborted_ = true;
    return false;
  }
  return true;
}

bool Transfer::IsBomb() const {
  if (response_.body_bytes <= kRatioFloorBytes) {
    return false;
  }
  curl_off_t received = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_SIZE_DOWNLOAD_T, &received);
  // Curl counts a chunked piece after it has handed it out, so that one buffer may be missing.
  const std::uint64_t wire = static_cast<std::uint64_t>(received) + CURL_MAX_WRITE_SIZE;
  return response_.body_bytes / request_.compression_ratio > wire;
}

TransferError Transfer::Judge(CURLcode code) const {
  if (code == CURLE_OK) {
    return TransferError::kNone;
  }
  if (body_too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return TransferError::kTooLarge;
  }
  if (aborted_) {
    return TransferError::kAborted;
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return TransferError::kTimeout;
  }
  return header_complete_ ? TransferError::kIncompleteBody : TransferError::kConnect;
}

std::string Transfer::ErrorText(TransferError error, CURLcode code) const {
  switch (error) {
    case TransferError::kNone:
      return {};
    case TransferError::kTooLarge:
      return "the answer is larger than " + std::to_string(request_.byte_limit) +
             " bytes or compressed more than " + std::to_string(request_.compression_ratio) +
             " times";
    case TransferError::kAborted:
      return "the answer was not taken";
    default:
      break;
  }
  if (header_too_large_) {
    return "the header of the answer is larger than 64 KiB";
  }
  std::string text = error_buffer_[0] != '\0' ? error_buffer_.data() : curl_easy_strerror(code);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

void Transfer::Finish(CURLcode code) {
  const TransferError error = Judge(code);
  FinishWith(error, ErrorText(error, code));
}

void Transfer::FinishWith(TransferError error, std::string text) {
  response_.error = error;
  response_.error_text = std::move(text);
  response_.wall = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start_);
  // The handle goes first: it points into what is moved away here.
  handle_.reset();
  if (done_) {
    std::exchange(done_, nullptr)(std::move(response_), std::move(sink_));
  }
}

}  // namespace promtally::net
