// SPDX-License-Identifier: Apache-2.0
#include "inference/remote_server.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <future>
#include <memory>
#include <random>
#include <string_view>

#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using Clock = std::chrono::steady_clock;

constexpr base::Milliseconds kFirstPause{500};
constexpr base::Milliseconds kLongestPause{10'000};
constexpr base::Milliseconds kLongestRetryAfter{60'000};
constexpr int kFailuresInARow = 5;
constexpr base::Milliseconds kBreak{30'000};

class TextSink : public net::BodySink {
 public:
  bool Write(std::string_view bytes) override {
    text.append(bytes);
    return true;
  }
  std::string text;
};

bool IsTransient(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool IsConnectionFault(net::TransferError error) {
  return error == net::TransferError::kConnect || error == net::TransferError::kTimeout ||
         error == net::TransferError::kIncompleteBody;
}

/// 0.5 s, 1 s, 2 s, … of which a random part up to a half is taken off.
base::Milliseconds Pause(int tries) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const base::Milliseconds full = std::min(kLongestPause, kFirstPause * (1 << std::min(tries, 6)));
  std::uniform_int_distribution<base::Milliseconds::rep> part(full.count() / 2, full.count());
  return base::Milliseconds(part(random));
}

/// Seconds or a date; nullopt when it says neither.
std::optional<base::Milliseconds> RetryAfter(const RemoteAnswer& answer) {
  const std::string* const text = answer.Header("retry-after");
  if (text == nullptr || text->empty()) {
    return std::nullopt;
  }
  if (text->find_first_not_of("0123456789") == std::string::npos) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    constexpr std::int64_t kMost = 86'400;
    return base::Seconds(error == std::errc() ? std::min(seconds, kMost) : kMost);
  }
  const base::Result<base::Instant> date = base::ParseHttpDate(*text);
  const std::string* const server_date = answer.Header("date");
  const base::Result<base::Instant> now =
      server_date == nullptr ? date : base::ParseHttpDate(*server_date);
  if (!date || !now) {
    return std::nullopt;
  }
  return std::max(*date - *now, base::Milliseconds(0));
}

base::Error OfTransfer(net::TransferError error, const std::string& url, const std::string& text) {
  const std::string where = url + ": ";
  switch (error) {
    case net::TransferError::kTimeout:
      return {base::ErrorCode::kTimeout, where + "no answer in time: " + base::OneLine(text)};
    case net::TransferError::kTooLarge:
      return {base::ErrorCode::kTooLarge, where + base::OneLine(text)};
    case net::TransferError::kCancelled:
      return {base::ErrorCode::kCancelled, where + "cancelled"};
    case net::TransferError::kIncompleteBody:
      return {base::ErrorCode::kUnavailable, where + "the answer was cut: " + base::OneLine(text)};
    default:
      return {base::ErrorCode::kUnavailable, where + "no answer: " + base::OneLine(text)};
  }
}

}  // namespace

const std::string* RemoteAnswer::Header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return header.first == lower_case_name;
  });
  return found == headers.end() ? nullptr : &found->second;
}

RemoteServer::RemoteServer(const config::RemoteModelSettings& settings)
    : RemoteServer(settings, Waiting{}) {}

RemoteServer::RemoteServer(const config::RemoteModelSettings& settings, Waiting waiting)
    : url_(settings.url),
      timeout_(settings.timeout),
      retries_(settings.retries),
      waiting_(std::move(waiting)),
      client_(settings.http) {
  if (!waiting_.now) {
    waiting_.now = [] { return Clock::now(); };
  }
}

RemoteServer::~RemoteServer() { Stop(); }

void RemoteServer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const std::uint64_t id : in_flight_) {
      client_.Cancel(id);
    }
  }
  stopping_.notify_all();
}

void RemoteServer::Sleep(base::Milliseconds time) {
  if (waiting_.sleep) {
    waiting_.sleep(time);
    return;
  }
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, time, [this] { return stopped_; });
}

/// Whether the server may be asked now.
std::optional<base::Error> RemoteServer::Admit() {
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    return base::Error{base::ErrorCode::kCancelled, url_ + ": cancelled"};
  }
  if (failures_ < kFailuresInARow) {
    return std::nullopt;
  }
  const auto now = waiting_.now();
  if (now < closed_until_) {
    return base::Error{base::ErrorCode::kUnavailable,
                       url_ + ": not asked after " + std::to_string(failures_) +
                           " failures in a row, the last one: " + last_failure_};
  }
  closed_until_ = now + kBreak;  // this call alone finds out
  return std::nullopt;
}

void RemoteServer::Judge(const base::Result<RemoteAnswer>& result) {
  const bool failed = result ? IsTransient(result->status)
                             : result.error().code == base::ErrorCode::kUnavailable ||
                                   result.error().code == base::ErrorCode::kTimeout;
  const std::lock_guard lock(mutex_);
  if (!failed) {
    failures_ = 0;
    return;
  }
  ++failures_;
  closed_until_ = waiting_.now() + kBreak;
  last_failure_ = result ? "HTTP " + std::to_string(result->status) : result.error().message;
}

base::Result<RemoteAnswer> RemoteServer::Call(const RemoteRequest& request) {
  if (std::optional<base::Error> refused = Admit()) {
    return tl::unexpected(*std::move(refused));
  }
  base::Result<RemoteAnswer> result = CallWithRetries(request);
  Judge(result);
  return result;
}

base::Result<RemoteAnswer> RemoteServer::CallWithRetries(const RemoteRequest& request) {
  int once_more = 1;
  for (int tries = 0;; ++tries) {
    Try made = Ask(request);
    const bool answered = made.error == net::TransferError::kNone;
    base::Milliseconds pause = Pause(tries);
    bool again = tries < retries_ &&
                 (answered ? IsTransient(made.answer.status) : IsConnectionFault(made.error));
    if (answered && !again && once_more > 0 && retries_ > 0) {
      const auto& statuses = request.once_more;
      again = std::find(statuses.begin(), statuses.end(), made.answer.status) != statuses.end();
      once_more -= again ? 1 : 0;
    }
    if (const auto wish = answered ? RetryAfter(made.answer) : std::nullopt; again && wish) {
      again = *wish <= kLongestRetryAfter;
      pause = std::max(pause, *wish);
    }
    if (!again && answered) {
      return std::move(made.answer);
    }
    if (!again) {
      return tl::unexpected(OfTransfer(made.error, url_, made.error_text));
    }
    Sleep(pause);
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return base::Fail(base::ErrorCode::kCancelled, url_ + ": cancelled");
    }
  }
}

RemoteServer::Try RemoteServer::Ask(const RemoteRequest& request) {
  net::HttpRequest http;
  http.url = url_ + request.path;
  http.content_type = request.content_type;
  http.body = request.body;
  http.headers = request.headers;
  http.timeout = request.timeout.value_or(timeout_);
  // Shared: the future may be done before set_value has returned.
  const auto promise = std::make_shared<std::promise<Try>>();
  std::future<Try> made = promise->get_future();
  const std::uint64_t id = client_.Send(
      std::move(http), std::make_unique<TextSink>(),
      [promise](net::HttpResponse response, const std::unique_ptr<net::BodySink>& sink) {
        Try result;
        result.error = response.error;
        result.error_text = std::move(response.error_text);
        result.answer.status = response.status;
        result.answer.headers = std::move(response.headers);
        result.answer.body = std::move(static_cast<TextSink&>(*sink).text);
        promise->set_value(std::move(result));
      });
  NoteInFlight(id);
  Try result = made.get();
  const std::lock_guard lock(mutex_);
  in_flight_.erase(id);
  return result;
}

void RemoteServer::NoteInFlight(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    client_.Cancel(id);
  } else {
    in_flight_.insert(id);
  }
}

}  // namespace promtally::inference
