// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <curl/curl.h>

namespace promtally::net {
namespace {

using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

UrlHandle Parse(const std::string& url) {
  UrlHandle handle(curl_url(), &curl_url_cleanup);
  if (handle && curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    handle.reset();
  }
  return handle;
}

std::optional<std::string> Part(CURLU* handle, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(handle, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
    return std::nullopt;
  }
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

std::optional<Origin> ParseOrigin(const std::string& url) {
  const UrlHandle handle = Parse(url);
  if (!handle) {
    return std::nullopt;
  }
  auto scheme = Part(handle.get(), CURLUPART_SCHEME);
  auto host = Part(handle.get(), CURLUPART_HOST);
  auto port = Part(handle.get(), CURLUPART_PORT);
  if (!scheme || !host || !port || (*scheme != "http" && *scheme != "https")) {
    return std::nullopt;
  }
  std::transform(host->begin(), host->end(), host->begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return Origin{*std::move(scheme), *std::move(host), *std::move(port)};
}

std::optional<std::string> WithHost(const std::string& url, const std::string& host) {
  const UrlHandle handle = Parse(url);
  if (!handle || curl_url_set(handle.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  return Part(handle.get(), CURLUPART_URL);
}

bool IsLoopbackUrl(const std::string& url) {
  const std::optional<Origin> origin = ParseOrigin(url);
  if (!origin) {
    return false;
  }
  const std::string& host = origin->host;
  // A name such as 127.evil.example is not an address: digits and dots only.
  const bool address = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "[::1]" || (address && host.starts_with("127."));
}

std::string FormEncode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*";
  std::string encoded;
  encoded.reserve(text.size() + text.size() / 2);
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else if (c == ' ') {
      encoded += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 15U];
    }
  }
  return encoded;
}

std::string PathEncode(std::string_view text) {
  std::string encoded = FormEncode(text);
  for (std::size_t at = encoded.find('+'); at != std::string::npos; at = encoded.find('+', at)) {
    encoded.replace(at, 1, "%20");
  }
  return encoded;
}

}  // namespace promtally::net
