// SPDX-License-Identifier: Apache-2.0
#include "web/fetch.h"

#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "net/http_client.h"

namespace promtally::web {
namespace {

constexpr base::Milliseconds kTimeout{5000};
constexpr std::uint64_t kMostBytes = 256 * 1024;

class TextSink final : public net::BodySink {
 public:
  bool Write(std::string_view bytes) override {
    text.append(bytes);
    return true;
  }
  std::string text;
};

}  // namespace

Fetch MakeFetch(boost::asio::io_context& loop, const std::string& ca_file) {
  config::HttpClientSettings settings;
  settings.ca_file = ca_file;
  const auto client = std::make_shared<net::HttpClient>(settings);
  return [client, &loop](FetchOrder order, std::function<void(const Fetched&)> done) {
    net::HttpRequest request;
    request.url = std::move(order.url);
    request.form_body = std::move(order.form);
    request.timeout = kTimeout;
    request.byte_limit = kMostBytes;
    request.headers.emplace_back("Accept", "application/json");
    if (!order.bearer.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + order.bearer);
    }
    client->Send(std::move(request), std::make_unique<TextSink>(),
                 [&loop, done = std::move(done)](const net::HttpResponse& response,
                                                 std::unique_ptr<net::BodySink> sink) {
                   Fetched fetched;
                   if (response.error == net::TransferError::kNone) {
                     fetched.status = response.status;
                     fetched.body = std::move(static_cast<TextSink&>(*sink).text);
                   } else {
                     fetched.error = response.error_text;
                   }
                   boost::asio::post(loop, [done, fetched = std::move(fetched)] { done(fetched); });
                 });
  };
}

}  // namespace promtally::web
