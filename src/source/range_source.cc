// SPDX-License-Identifier: Apache-2.0
#include "source/range_source.h"

#include <atomic>
#include <cstdint>
#include <future>
#include <mutex>
#include <set>
#include <string_view>

#include "net/http_client.h"
#include "net/url.h"
#include "promtally/base/one_line.h"

namespace promtally::source {
namespace {

class BodySink : public net::BodySink {
 public:
  bool Write(std::string_view bytes) override {
    text.append(bytes);
    return true;
  }
  std::string text;
};

struct Exchange {
  net::HttpResponse response;
  std::string body;
};

/// `1721210400` or `1721210400.250`
std::string SecondsText(base::Milliseconds time) {
  std::string text = std::to_string(time.count() / 1000);
  const std::string rest = std::to_string(1000 + time.count() % 1000);
  return rest == "1000" ? text : text + "." + rest.substr(1);
}

base::Error OfTransfer(const net::HttpResponse& response) {
  const std::string why = base::OneLine(response.error_text);
  switch (response.error) {
    case net::TransferError::kTimeout:
      return {base::ErrorCode::kTimeout, "no answer in time: " + why};
    case net::TransferError::kTooLarge:
      return {base::ErrorCode::kTooLarge, why};
    case net::TransferError::kCancelled:
      return {base::ErrorCode::kCancelled, "cancelled"};
    default:
      return {base::ErrorCode::kUnavailable, "no answer: " + why};
  }
}

class HttpRangeSource : public RangeSource {
 public:
  explicit HttpRangeSource(config::SourceSettings settings)
      : settings_(std::move(settings)), client_(settings_.http) {
    while (settings_.url.ends_with('/')) {
      settings_.url.pop_back();
    }
  }

  base::Result<std::vector<RangeSeries>> Query(const RangeQuery& query) override;
  void Stop() override;

 private:
  [[nodiscard]] base::Result<std::vector<RangeSeries>> AskPrometheus(const RangeQuery& query);
  [[nodiscard]] base::Result<std::vector<RangeSeries>> AskFrames(const RangeQuery& query);
  [[nodiscard]] Exchange Send(net::HttpRequest request);
  [[nodiscard]] base::Error Failure(const Exchange& exchange,
                                    const base::Result<std::vector<RangeSeries>>& read) const;

  config::SourceSettings settings_;
  std::atomic<bool> proxy_refused_ = false;

  std::mutex mutex_;
  bool stopped_ = false;
  std::set<std::uint64_t> in_flight_;

  net::HttpClient client_;  // last: its end calls completions
};

void HttpRangeSource::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const std::uint64_t id : in_flight_) {
    client_.Cancel(id);
  }
}

Exchange HttpRangeSource::Send(net::HttpRequest request) {
  request.timeout = settings_.timeout;
  request.byte_limit = settings_.limits.answer_bytes;
  request.compression_ratio = settings_.limits.compression_ratio;
  request.accept_compression = !net::IsLoopbackUrl(settings_.url);
  // Shared: the future may be done before set_value has returned.
  const auto promise = std::make_shared<std::promise<Exchange>>();
  std::future<Exchange> done = promise->get_future();
  const std::uint64_t id = client_.Send(
      std::move(request), std::make_unique<BodySink>(),
      [promise](net::HttpResponse response, const std::unique_ptr<net::BodySink>& sink) {
        promise->set_value({std::move(response), std::move(static_cast<BodySink&>(*sink).text)});
      });
  {
    const std::lock_guard lock(mutex_);
    in_flight_.insert(id);
    if (stopped_) {
      client_.Cancel(id);
    }
  }
  Exchange exchange = done.get();
  const std::lock_guard lock(mutex_);
  in_flight_.erase(id);
  return exchange;
}

base::Error HttpRangeSource::Failure(const Exchange& exchange,
                                     const base::Result<std::vector<RangeSeries>>& read) const {
  const std::string front = "source \"" + settings_.name + "\": ";
  if (exchange.response.error != net::TransferError::kNone) {
    const base::Error error = OfTransfer(exchange.response);
    return {error.code, front + error.message};
  }
  const int status = exchange.response.status;
  std::string said = "HTTP " + std::to_string(status);
  if (!read && read.error().code == base::ErrorCode::kRejected) {
    said += ": " + read.error().message;
  }
  return {base::ErrorCode::kRejected, front + said};
}

base::Result<std::vector<RangeSeries>> HttpRangeSource::AskPrometheus(const RangeQuery& query) {
  net::HttpRequest request;
  request.url = PrometheusUrl(settings_) + "/api/v1/query_range";
  request.form_body = "query=" + net::FormEncode(query.text) +
                      "&start=" + SecondsText(query.begin.time_since_epoch()) +
                      "&end=" + SecondsText(query.end.time_since_epoch()) +
                      "&step=" + SecondsText(query.step);
  const std::string fields = request.form_body;
  const std::string url = request.url;
  Exchange exchange = Send(std::move(request));
  const int status = exchange.response.status;
  if (exchange.response.error == net::TransferError::kNone && (status == 405 || status == 403)) {
    net::HttpRequest get;  // a server or proxy that lets nobody POST
    get.url = url + "?" + fields;
    exchange = Send(std::move(get));
  }
  base::Result<std::vector<RangeSeries>> read = ReadMatrix(exchange.body);
  if (exchange.response.error != net::TransferError::kNone || exchange.response.status / 100 != 2) {
    const int last = exchange.response.status;
    const bool grafana = settings_.type == "grafana";
    proxy_refused_ = grafana && (last == 403 || last == 404 || last == 405);
    return tl::unexpected(Failure(exchange, read));
  }
  return read ? std::move(read)
              : base::Result<std::vector<RangeSeries>>(
                    base::Fail("source \"" + settings_.name + "\"", read.error()));
}

base::Result<std::vector<RangeSeries>> HttpRangeSource::AskFrames(const RangeQuery& query) {
  net::HttpRequest request;
  request.url = settings_.url + "/api/ds/query";
  request.content_type = "application/json";
  request.headers.emplace_back("Accept", "application/json");
  request.body = FramesRequest(query, settings_.datasource_uid);
  const Exchange exchange = Send(std::move(request));
  base::Result<std::vector<RangeSeries>> read = ReadFrames(exchange.body);
  if (exchange.response.error != net::TransferError::kNone || exchange.response.status != 200) {
    return tl::unexpected(Failure(exchange, read));
  }
  return read ? std::move(read)
              : base::Result<std::vector<RangeSeries>>(
                    base::Fail("source \"" + settings_.name + "\"", read.error()));
}

base::Result<std::vector<RangeSeries>> HttpRangeSource::Query(const RangeQuery& query) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return base::Fail(base::ErrorCode::kCancelled, "cancelled");
    }
  }
  const bool frames_only =
      settings_.type == "grafana" && settings_.grafana_api == config::GrafanaApi::kDsQuery;
  const bool may_choose =
      settings_.type == "grafana" && settings_.grafana_api == config::GrafanaApi::kAuto;
  if (frames_only || (may_choose && proxy_refused_)) {
    return AskFrames(query);
  }
  base::Result<std::vector<RangeSeries>> answer = AskPrometheus(query);
  return !answer && may_choose && proxy_refused_ ? AskFrames(query) : std::move(answer);
}

}  // namespace

std::unique_ptr<RangeSource> OpenRangeSource(const config::SourceSettings& settings) {
  return std::make_unique<HttpRangeSource>(settings);
}

std::string PrometheusUrl(const config::SourceSettings& settings) {
  std::string url = settings.url;
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return settings.type == "grafana"
             ? url + "/api/datasources/proxy/uid/" + net::PathEncode(settings.datasource_uid)
             : url;
}

}  // namespace promtally::source
