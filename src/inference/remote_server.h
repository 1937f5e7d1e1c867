// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/config/remote_model.h"

namespace promtally::inference {

struct RemoteRequest {
  std::string path;          ///< below the server's URL
  std::string content_type;  ///< empty: GET
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Statuses that another try may change, beside 429, 502, 503 and 504, once.
  std::vector<int> once_more;
  std::optional<base::Milliseconds> timeout;  ///< absent: of the settings
};

/// A whole response, whatever its status.
struct RemoteAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] bool Succeeded() const { return status >= 200 && status < 300; }
  [[nodiscard]] const std::string* Header(std::string_view lower_case_name) const;
};

/// A model server over HTTP: calls that wait, retries and a circuit breaker.
///
/// 429, 502, 503, 504, connection errors, cut answers and time-outs are tried again, `retries`
/// times, with back-off and jitter; a Retry-After up to a minute is honoured, a longer one ends the
/// call. After five failed calls in a row the server is not asked for half a minute; then one call
/// finds out whether it is back.
///
/// Errors: kTimeout and kUnavailable: no answer after the retries; kTooLarge: of the answer;
/// kCancelled after Stop(). A response with a bad status is a value.
///
/// Threads: Call and Stop from any.
class RemoteServer {
 public:
  /// Time and waiting, so that tests need neither.
  struct Waiting {
    std::function<std::chrono::steady_clock::time_point()> now;
    std::function<void(base::Milliseconds)> sleep;
  };

  explicit RemoteServer(const config::RemoteModelSettings& settings);
  RemoteServer(const config::RemoteModelSettings& settings, Waiting waiting);
  ~RemoteServer();
  RemoteServer(const RemoteServer&) = delete;
  RemoteServer& operator=(const RemoteServer&) = delete;

  [[nodiscard]] base::Result<RemoteAnswer> Call(const RemoteRequest& request);
  /// Ends the waits of calls that are under way; later calls are refused.
  void Stop();

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  struct Try {
    net::TransferError error = net::TransferError::kNone;
    std::string error_text;
    RemoteAnswer answer;
  };

  [[nodiscard]] Try Ask(const RemoteRequest& request);
  [[nodiscard]] base::Result<RemoteAnswer> CallWithRetries(const RemoteRequest& request);
  [[nodiscard]] std::optional<base::Error> Admit();
  void Judge(const base::Result<RemoteAnswer>& result);
  void Sleep(base::Milliseconds time);
  void NoteInFlight(std::uint64_t id);

  // Fixed after construction.
  const std::string url_;
  const base::Milliseconds timeout_;
  const int retries_;
  Waiting waiting_;

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;
  std::set<std::uint64_t> in_flight_;
  int failures_ = 0;  // calls in a row
  std::chrono::steady_clock::time_point closed_until_;
  std::string last_failure_;

  net::HttpClient client_;  // last: its end calls completions
};

/// What an answer says about its failure, for people: `HTTP 400: …`, one bounded line without
/// stack traces. JSON bodies are asked for `error`, `message`, `detail`; of a text the first line.
[[nodiscard]] std::string FailureText(const RemoteAnswer& answer);

}  // namespace promtally::inference
