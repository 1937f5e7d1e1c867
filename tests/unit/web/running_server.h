// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <string>
#include <thread>

#include "web/server.h"

namespace promtally::web {

/// A server with a loop and a thread of its own on a free loopback port; stops when it goes.
class RunningServer {
 public:
  explicit RunningServer(Handler handler, ServerLimits limits = {}, Observer observer = {});
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string Authority() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Stops on the loop thread; ready when the server says that it is done.
  std::future<void> Stop(std::chrono::milliseconds grace);

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A client that sends bytes as they are. Reads fail the test's expectation by returning what came
/// within ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Send(const std::string& bytes) const;
  /// Says that nothing more comes.
  void EndSending() const;
  /// One response: its head, and as many bytes as Content-Length says when `with_body`.
  std::string ReadResponse(bool with_body = true);
  /// All until the server closes; `closed` tells whether it did.
  std::string ReadToEnd(bool* closed = nullptr);

 private:
  bool ReadMore();

  int socket_ = -1;
  bool closed_ = false;
  std::string unread_;
};

/// `GET path` with Host and what `more` adds (`Name: value\r\n`).
std::string Get(const std::string& path, const std::string& more = "");
int StatusOf(const std::string& response);
std::string BodyOf(const std::string& response);

/// The head of a POST, but for its last headers.
inline const std::string kPost = "POST / HTTP/1.1\r\nHost: localhost\r\n";

/// A handler that says what it was asked.
[[nodiscard]] Response Echo(const Request& request);

/// More than the sockets' buffers hold, so that a client that does not read keeps it running.
inline constexpr std::size_t kLargeBytes = std::size_t{32} << 20;
[[nodiscard]] Response Large(const Request& request);

}  // namespace promtally::web
