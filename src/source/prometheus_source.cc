// SPDX-License-Identifier: Apache-2.0
#include "source/prometheus_source.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "net/http_client.h"
#include "net/url.h"
#include "promtally/promql/expression.h"
#include "promtally/promql/parser.h"
#include "source/classify.h"
#include "source/range_source.h"
#include "source/server_probe.h"
#include "source/store_list.h"
#include "source/vector_decoder.h"

namespace promtally::source {
namespace {

constexpr base::Milliseconds kGraceLimit{2000};

base::Instant Now() {
  return std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
}

std::string DurationText(base::Milliseconds duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

bool RefusesMethod(const net::HttpResponse& response) {
  return response.error == net::TransferError::kNone &&
         (response.status == 403 || response.status == 405);
}

/// What a kind of server wants to be told as well, and asked otherwise.
struct Dialect {
  const char* fields = "";
  /// For raw samples: never from downsampled data.
  const char* raw_fields = "";
  /// VictoriaMetrics looks into its index by day up to 40 days, and for a longer range says what it
  /// has of any time.
  base::Milliseconds label_range = base::Milliseconds::max();
  /// An evaluation time beyond what it looks back to is answered by nothing, and as a matrix.
  bool cuts_to_nothing = false;
};
constexpr Dialect kPlain;
constexpr Dialect kThanos{.fields = "&partial_response=false",
                          .raw_fields = "&max_source_resolution=0s"};
constexpr Dialect kMimir{.cuts_to_nothing = true};
constexpr Dialect kVictoriaMetrics{.fields = "&nocache=1&deny_partial_response=1",
                                   .label_range = std::chrono::days(30)};

/// Mimir's answer to an evaluation time beyond `max_query_lookback`.
bool IsCutToNothing(const QueryFailure& failure, const DecodedAnswer& answer) {
  return failure.reason == "wrong_type" && answer.shape_fault.empty() &&
         answer.result_type == "matrix" && answer.has_result && answer.answer.size() == 0 &&
         !answer.partial && answer.answer.warnings().empty();
}

/// What the settings say of the server stands over what was found.
void UseDialect(config::DialectName told, ServerIdentity* identity) {
  switch (told) {
    case config::DialectName::kAuto:
      return;
    case config::DialectName::kPrometheus2:
    case config::DialectName::kPrometheus3:
      identity->kind = "prometheus";
      identity->closed_edges = told == config::DialectName::kPrometheus2;
      return;
    case config::DialectName::kThanos:
    case config::DialectName::kMimir:
    case config::DialectName::kVictoriaMetrics:
      identity->kind = config::ToText(told);
      identity->closed_edges = false;
      return;
  }
}

bool MustGiveVector(std::string_view query) {
  const auto expression = promql::Parse(query);
  return expression && promql::TypeOf(**expression) == promql::ValueType::kVector;
}

class PrometheusSource : public Source {
 public:
  explicit PrometheusSource(const config::SourceSettings& settings)
      : url_(PrometheusUrl(settings)),
        timeout_(settings.timeout),
        limits_(settings.limits),
        max_samples_(static_cast<std::size_t>(settings.max_samples)),
        told_(settings.dialect),
        compress_(!net::IsLoopbackUrl(settings.url)),
        client_(settings.http) {}

  void Query(std::string text, base::Instant time, std::function<void(QueryOutcome)> done) override;
  void QueryRaw(std::string text, base::Instant time,
                std::optional<metering::HistogramPart> histogram,
                std::function<void(QueryOutcome)> done) override;
  void Identify(std::function<void(ServerIdentity)> done) override;
  void ListLabelValues(std::string label, std::vector<std::string> selectors, metering::Period span,
                       std::function<void(LabelValues)> done) override;
  void HasDataUpTo(base::Instant time, std::function<void(std::optional<bool>)> done) override;
  void ListStores(std::function<void(StoreList)> done) override;

 private:
  void Call(const ApiRequest& request, ApiAnswered done);
  void Send(const ApiRequest& request, bool post, ApiAnswered done);
  [[nodiscard]] ApiRequest QueryRequest(const std::string& text, base::Instant time) const;
  void ListLabels(base::Instant begin, base::Instant end,
                  std::function<void(std::optional<bool> any)> done);
  [[nodiscard]] net::HttpRequest HttpRequestOf(const ApiRequest& request, bool post) const;

  // Fixed after construction.
  std::string url_;
  base::Milliseconds timeout_;
  config::SourceLimits limits_;
  std::size_t max_samples_;
  config::DialectName told_;
  bool compress_;

  // Any thread.
  std::atomic<bool> use_get_ = false;
  std::atomic<const Dialect*> dialect_ = &kPlain;

  // Last: its end, which calls completions, comes before that of the members above.
  net::HttpClient client_;
};

void PrometheusSource::Call(const ApiRequest& request, ApiAnswered done) {
  if (!request.post || use_get_) {
    Send(request, false, std::move(done));
    return;
  }
  const auto again = [this, request, done = std::move(done)](net::HttpResponse response,
                                                             DecodedAnswer answer) {
    if (!RefusesMethod(response)) {
      done(std::move(response), std::move(answer));
      return;
    }
    Send(request, false, [this, done](net::HttpResponse second, DecodedAnswer its_answer) {
      if (second.error == net::TransferError::kNone && !RefusesMethod(second)) {
        use_get_ = true;
      }
      done(std::move(second), std::move(its_answer));
    });
  };
  Send(request, true, again);
}

net::HttpRequest PrometheusSource::HttpRequestOf(const ApiRequest& request, bool post) const {
  net::HttpRequest http;
  http.url = url_ + request.path;
  if (post) {
    http.form_body = request.fields;
  } else if (!request.fields.empty()) {
    http.url += "?" + request.fields;
  }
  http.timeout = std::min(request.timeout, timeout_ + std::min(timeout_ / 10, kGraceLimit));
  http.byte_limit = request.byte_limit;
  http.accept_compression = compress_;
  http.compression_ratio = limits_.compression_ratio;
  return http;
}

void PrometheusSource::Send(const ApiRequest& request, bool post, ApiAnswered done) {
  client_.Send(HttpRequestOf(request, post), std::make_unique<VectorDecoder>(request.raw),
               [done = std::move(done)](net::HttpResponse response,
                                        const std::unique_ptr<net::BodySink>& sink) {
                 done(std::move(response), static_cast<VectorDecoder&>(*sink).Finish());
               });
}

ApiRequest PrometheusSource::QueryRequest(const std::string& text, base::Instant time) const {
  ApiRequest request("/api/v1/query");
  request.fields = "query=" + net::FormEncode(text) + "&time=" + UnixText(time) +
                   "&timeout=" + DurationText(timeout_) + dialect_.load()->fields;
  request.post = true;
  request.byte_limit = limits_.answer_bytes;
  request.timeout = base::Milliseconds::max();
  return request;
}

void PrometheusSource::QueryRaw(std::string text, base::Instant time,
                                std::optional<metering::HistogramPart> histogram,
                                std::function<void(QueryOutcome)> done) {
  ApiRequest request = QueryRequest(text, time);
  request.fields += dialect_.load()->raw_fields;
  request.raw = RawDecoding{histogram, max_samples_};
  Call(request, [max = max_samples_, done = std::move(done)](const net::HttpResponse& response,
                                                             DecodedAnswer answer) {
    QueryOutcome outcome;
    outcome.failure = Classify(response, answer, Expect::kMatrix, Now());
    if (!outcome.failure && answer.too_many_samples) {
      outcome.failure.emplace();
      outcome.failure->disposition = Disposition::kSplit;
      outcome.failure->reason = "too_large";
      outcome.failure->over_byte_limit = true;
      outcome.failure->detail = "more than " + std::to_string(max) + " samples (max_samples)";
    }
    outcome.answer = std::move(answer.answer);
    outcome.samples = std::move(answer.samples);
    outcome.bytes = response.body_bytes;
    outcome.wall = response.wall;
    outcome.server_date = ServerDate(response);
    done(std::move(outcome));
  });
}

void PrometheusSource::Query(std::string text, base::Instant time,
                             std::function<void(QueryOutcome)> done) {
  const ApiRequest request = QueryRequest(text, time);  // before the text moves on
  Call(request, [text = std::move(text), dialect = dialect_.load(), done = std::move(done)](
                    const net::HttpResponse& response, DecodedAnswer answer) {
    QueryOutcome outcome;
    outcome.failure = Classify(response, answer, Expect::kVector, Now());
    if (outcome.failure && dialect->cuts_to_nothing && IsCutToNothing(*outcome.failure, answer) &&
        MustGiveVector(text)) {
      outcome.failure->reason = "lost";
      outcome.failure->detail = "the period is older than the server lets anybody look back";
    }
    outcome.answer = std::move(answer.answer);
    outcome.bytes = response.body_bytes;
    outcome.wall = response.wall;
    outcome.server_date = ServerDate(response);
    done(std::move(outcome));
  });
}

void PrometheusSource::Identify(std::function<void(ServerIdentity)> done) {
  IdentifyServer([this](const ApiRequest& request,
                        ApiAnswered answered) { Call(request, std::move(answered)); },
                 Now(),
                 [this, done = std::move(done)](ServerIdentity identity) {
                   UseDialect(told_, &identity);
                   if (identity.kind == "victoriametrics") {
                     dialect_ = &kVictoriaMetrics;
                   } else if (identity.kind == "thanos") {
                     dialect_ = &kThanos;
                   } else if (identity.kind == "mimir") {
                     dialect_ = &kMimir;
                   } else if (identity.kind != "unknown") {
                     dialect_ = &kPlain;
                   }
                   done(std::move(identity));
                 });
}

void PrometheusSource::ListLabelValues(std::string label, std::vector<std::string> selectors,
                                       metering::Period span,
                                       std::function<void(LabelValues)> done) {
  // A label name is letters, digits and underscores, so form encoding is right for a path as well.
  ApiRequest request("/api/v1/label/" + net::FormEncode(label) + "/values");
  for (const std::string& selector : selectors) {
    request.fields += net::FormEncode("match[]") + "=" + net::FormEncode(selector) + "&";
  }
  request.fields +=
      "start=" + UnixText(span.begin) + "&end=" + UnixText(span.end) + dialect_.load()->fields;
  request.byte_limit = limits_.answer_bytes;
  request.timeout = base::Milliseconds::max();
  Call(request, [done = std::move(done)](const net::HttpResponse& response, DecodedAnswer answer) {
    LabelValues values;
    values.failure = Classify(response, answer, Expect::kNames, Now());
    if (!values.failure) {
      values.values = std::move(answer.names);
      std::erase(values.values, std::string());
      std::sort(values.values.begin(), values.values.end());
      values.values.erase(std::unique(values.values.begin(), values.values.end()),
                          values.values.end());
    }
    done(std::move(values));
  });
}

void PrometheusSource::ListLabels(base::Instant begin, base::Instant end,
                                  std::function<void(std::optional<bool> any)> done) {
  ApiRequest request("/api/v1/labels");
  request.fields = "start=" + UnixText(begin) + "&end=" + UnixText(end);
  Call(request,
       [done = std::move(done)](const net::HttpResponse& response, const DecodedAnswer& answer) {
         const bool clear = !Classify(response, answer, Expect::kNames, Now());
         done(clear ? std::optional(!answer.names.empty()) : std::nullopt);
       });
}

void PrometheusSource::HasDataUpTo(base::Instant time,
                                   std::function<void(std::optional<bool>)> done) {
  const base::Milliseconds range = std::min(dialect_.load()->label_range, time.time_since_epoch());
  ListLabels(time - range, time, [this, done = std::move(done)](std::optional<bool> any) {
    if (!any || *any) {
      done(any);
      return;
    }
    // Nothing that early: it says something only where the server has anything at all.
    ListLabels(base::Instant{}, Now(), [done](std::optional<bool> any_at_all) {
      done(any_at_all == true ? std::optional(false) : std::nullopt);
    });
  });
}

void PrometheusSource::ListStores(std::function<void(StoreList)> done) {
  client_.Send(HttpRequestOf(ApiRequest("/api/v1/stores"), false), std::make_unique<TextSink>(),
               [done = std::move(done)](const net::HttpResponse& response,
                                        const std::unique_ptr<net::BodySink>& sink) {
                 done(JudgeStores(response, static_cast<TextSink&>(*sink).text(), Now()));
               });
}

}  // namespace

std::unique_ptr<Source> MakePrometheusSource(const config::SourceSettings& settings) {
  return std::make_unique<PrometheusSource>(settings);
}

}  // namespace promtally::source
