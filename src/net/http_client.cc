// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <thread>
#include <unordered_map>
#include <utility>

#include <curl/curl.h>

#include "net/transfer.h"

namespace promtally::net {
namespace {

constexpr int kPollMilliseconds = 60000;  // curl wakes up earlier for its own timers

CURLM* MakeMulti() {
  // Process-wide state of libcurl; a client is made before anything else could use it.
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) {
    throw std::bad_alloc();
  }
  return multi;
}

}  // namespace

const std::string* HttpResponse::Header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return header.first == lower_case_name;
  });
  return found == headers.end() ? nullptr : &found->second;
}

/// The thread and what it owns. Other threads reach only `incoming_`, `cancelled_` and `stopping_`.
class HttpClient::Loop {
 public:
  explicit Loop(config::HttpClientSettings settings)
      : settings_(std::move(settings)), multi_(MakeMulti()), thread_([this] { Run(); }) {}

  ~Loop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  std::uint64_t Send(HttpRequest request, std::unique_ptr<BodySink> sink, Completion done) {
    std::uint64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      id = ++last_id_;
      incoming_.push_back(
          std::make_unique<Transfer>(id, std::move(request), std::move(sink), std::move(done)));
    }
    curl_multi_wakeup(multi_);
    return id;
  }

  void Cancel(std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    curl_multi_wakeup(multi_);
  }

 private:
  struct Orders {
    std::vector<std::unique_ptr<Transfer>> start;
    std::vector<std::uint64_t> cancel;
    bool stop = false;
  };

  Orders TakeOrders() {
    const std::lock_guard lock(mutex_);
    return Orders{std::exchange(incoming_, {}), std::exchange(cancelled_, {}), stopping_};
  }

  void Run() {
    for (;;) {
      Orders orders = TakeOrders();
      for (std::unique_ptr<Transfer>& transfer : orders.start) {
        Start(std::move(transfer));
      }
      for (const std::uint64_t id : orders.cancel) {
        Abandon(id);
      }
      if (orders.stop) {
        break;
      }
      int running = 0;
      curl_multi_perform(multi_, &running);
      FinishDone();
      curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
    }
    AbandonAll();
  }

  void Start(std::unique_ptr<Transfer> transfer) {
    if (const base::Status ready = transfer->Prepare(settings_); !ready) {
      transfer->FinishWith(TransferError::kConnect, ready.error().message);
      return;
    }
    curl_multi_add_handle(multi_, transfer->handle());
    const std::uint64_t id = transfer->id();
    active_.emplace(id, std::move(transfer));
  }

  /// Takes a transfer out of curl; nullptr when it is not there (any more).
  std::unique_ptr<Transfer> TakeOut(std::uint64_t id) {
    auto node = active_.extract(id);
    if (node.empty()) {
      return nullptr;
    }
    curl_multi_remove_handle(multi_, node.mapped()->handle());
    return std::move(node.mapped());
  }

  void Abandon(std::uint64_t id) {
    if (const std::unique_ptr<Transfer> transfer = TakeOut(id)) {
      transfer->FinishWith(TransferError::kCancelled, "cancelled");
    }
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) {
        continue;
      }
      const CURLcode code = message->data.result;  // the message is gone with its handle
      void* self = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
      std::unique_ptr<Transfer> transfer = TakeOut(static_cast<Transfer*>(self)->id());
      if (transfer->TakeRedirect(code, settings_)) {
        Start(std::move(transfer));
      } else {
        transfer->Finish(code);
      }
    }
  }

  /// Completions may send again, and those requests are to be answered too.
  void AbandonAll() {
    for (;;) {
      while (!active_.empty()) {
        Abandon(active_.begin()->first);
      }
      const Orders orders = TakeOrders();
      if (orders.start.empty()) {
        return;
      }
      for (const std::unique_ptr<Transfer>& transfer : orders.start) {
        transfer->FinishWith(TransferError::kCancelled, "cancelled");
      }
    }
  }

  // Fixed after construction.
  const config::HttpClientSettings settings_;
  CURLM* const multi_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> incoming_;
  std::vector<std::uint64_t> cancelled_;
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;

  // Curl thread only.
  std::unordered_map<std::uint64_t, std::unique_ptr<Transfer>> active_;

  std::thread thread_;
};

HttpClient::HttpClient(const config::HttpClientSettings& settings)
    : loop_(std::make_unique<Loop>(settings)) {}

// Completions may call Send() until the thread has ended, and find the loop through loop_.
HttpClient::~HttpClient() = default;

std::uint64_t HttpClient::Send(HttpRequest request, std::unique_ptr<BodySink> sink,
                               Completion done) {
  return loop_->Send(std::move(request), std::move(sink), std::move(done));
}

void HttpClient::Cancel(std::uint64_t id) { loop_->Cancel(id); }

}  // namespace promtally::net
