// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace promtally::test {

/// What a client sent. Header names in lower case.
struct SeenRequest {
  std::string method;
  std::string target;  ///< path and query
  std::map<std::string, std::string> headers;
  std::string body;
  [[nodiscard]] std::string Header(const std::string& name) const;
  /// A field of the form body, or of the query part; decoded, empty when it is not there.
  [[nodiscard]] std::string Field(std::string_view name) const;
};

/// What goes back: exact bytes and what then happens to the connection.
struct Reply {
  enum class End { kKeepAlive, kClose, kReset, kStall };
  std::string bytes;
  End end = End::kKeepAlive;
  std::chrono::milliseconds delay{0};  ///< before the first byte

  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// A whole response with its Content-Length.
  static Reply Of(int status, std::string_view body, const Headers& headers = {});
  static Reply Raw(std::string bytes, End end = End::kClose);
  static Reply Chunked(int status, const std::vector<std::string>& pieces, bool last_chunk = true);
  /// The first bytes only, then `end`.
  [[nodiscard]] Reply CutAfter(std::size_t bytes_kept, End how = End::kClose) const;
  [[nodiscard]] Reply Then(End how) const;
  [[nodiscard]] Reply After(std::chrono::milliseconds time) const;
};

/// An HTTP server that says exactly what a test wants, on a free loopback port and a thread of its
/// own. The script runs on that thread, once a request.
class FakeServer {
 public:
  using Script = std::function<Reply(const SeenRequest&)>;

  explicit FakeServer(Script script);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<SeenRequest> requests() const;
  [[nodiscard]] int connections() const;  ///< opened so far
  void SetScript(Script script);
  /// Waits until that many requests were read; false after ten seconds.
  [[nodiscard]] bool WaitForRequests(std::size_t count) const;

 private:
  struct Connection;
  void Run();
  void Accept();
  void Read(Connection& connection);
  void Answer(Connection& connection);
  void Write(Connection& connection);

  int listener_ = -1;
  int wake_[2] = {-1, -1};
  int port_ = 0;
  std::vector<Connection> open_;  ///< server thread only
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Script script_;
  std::vector<SeenRequest> requests_;
  int connections_ = 0;
  std::thread thread_;
};

}  // namespace promtally::test
