// SPDX-License-Identifier: Apache-2.0
#include <future>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "net/http_client.h"

namespace promtally::cli {

namespace {

/// The answer is of no interest.
class Discard : public net::BodySink {
 public:
  bool Write(std::string_view /*bytes*/) override { return true; }
};

}  // namespace

int RunHealth(const HealthOptions& options) {
  constexpr std::chrono::seconds kPatience{4};
  net::HttpRequest request;
  request.url = options.url;
  while (request.url.ends_with('/')) {
    request.url.pop_back();
  }
  request.url += "/-/healthy";
  request.timeout = kPatience;
  std::promise<net::HttpResponse> answer;
  config::HttpClientSettings settings;
  if (!options.http_config_file.empty()) {
    auto loaded = LoadHttpClient(options.http_config_file, Files::kNeeded);
    if (!loaded) {
      return loaded.error();
    }
    settings = *std::move(loaded);
  }
  net::HttpClient client(settings);
  client.Send(request, std::make_unique<Discard>(),
              [&answer](net::HttpResponse response, std::unique_ptr<net::BodySink>) {
                answer.set_value(std::move(response));
              });
  const net::HttpResponse response = answer.get_future().get();
  if (response.error != net::TransferError::kNone) {
    return PrintError(fmt::format("{}: {}", request.url, response.error_text), kIncomplete);
  }
  constexpr int kOk = 200;
  if (response.status != kOk) {
    return PrintError(fmt::format("{}: status {}", request.url, response.status), kIncomplete);
  }
  std::cout << "healthy\n";
  return kDone;
}

}  // namespace promtally::cli
