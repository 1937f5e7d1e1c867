// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace promtally::test {

/// A port of the loopback address that nobody listens on just now.
[[nodiscard]] int FreePort();

/// A real server, run in the background until the end of the test, its output thrown away.
class ServerProcess {
 public:
  static constexpr const char* kListening = "";
  /// Starts `arguments` (the program's path first) and waits until a GET of `ready_path` on `port`
  /// gives 200, or until it takes connections (kListening).
  ServerProcess(const std::vector<std::string>& arguments, int port, const std::string& ready_path);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// False: it did not get ready within 30 s, or ended.
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int port_;
  pid_t process_ = -1;
  bool ready_ = false;
};

[[nodiscard]] bool TakesConnections(int port);

/// Sends one request without a library and gives the status; 0 without an answer.
[[nodiscard]] int RawRequest(int port, const std::string& method, const std::string& target,
                             const std::string& body);

}  // namespace promtally::test
