// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "net/http_client.h"

namespace promtally::net {

/// Keeps the whole body; refuses when it grows over `limit`.
class TextSink : public BodySink {
 public:
  explicit TextSink(std::size_t limit = std::string::npos) : limit_(limit) {}
  bool Write(std::string_view bytes) override {
    text.append(bytes);
    return text.size() <= limit_;
  }
  std::string text;

 private:
  std::size_t limit_;
};

struct Exchange {
  HttpResponse response;
  std::string body;
};

/// Sends and waits for the end.
inline Exchange Fetch(HttpClient& client, HttpRequest request,
                      std::unique_ptr<BodySink> sink = std::make_unique<TextSink>()) {
  std::promise<Exchange> promise;
  client.Send(std::move(request), std::move(sink),
              [&promise](HttpResponse response, std::unique_ptr<BodySink> back) {
                const auto* text = dynamic_cast<TextSink*>(back.get());
                promise.set_value({std::move(response), text != nullptr ? text->text : ""});
              });
  return promise.get_future().get();
}

inline HttpRequest Get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.timeout = base::Milliseconds(10000);
  return request;
}

}  // namespace promtally::net
