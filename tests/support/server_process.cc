// SPDX-License-Identifier: Apache-2.0
#include "support/server_process.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace promtally::test {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

[[noreturn]] void RunProgram(std::vector<char*> arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing stays behind when the test dies
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, 0);
  ::dup2(nowhere, 1);
  ::dup2(nowhere, 2);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, generic, size) != 0 || ::getsockname(socket, generic, &size) != 0) {
    std::abort();
  }
  ::close(socket);
  return ntohs(address.sin_port);
}

bool TakesConnections(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

int RawRequest(int port, const std::string& method, const std::string& target,
               const std::string& body) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const std::string request = method + " " + target +
                              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                              "Content-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  int status = 0;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    std::string answer;
    std::array<char, 4096> buffer;
    for (ssize_t got = 1; got > 0 && answer.size() < 12;) {
      got = ::recv(socket, buffer.data(), buffer.size(), 0);
      answer.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    status = answer.starts_with("HTTP/1.1 ") ? std::atoi(answer.c_str() + 9) : 0;
  }
  ::close(socket);
  return status;
}

ServerProcess::ServerProcess(const std::vector<std::string>& arguments, int port,
                             const std::string& ready_path)
    : port_(port) {
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& argument : copies) {
    pointers.push_back(argument.data());
  }
  pointers.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    RunProgram(std::move(pointers));
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!ready_ && std::chrono::steady_clock::now() < end &&
         ::waitpid(process_, nullptr, WNOHANG) == 0) {
    ready_ = ready_path == kListening ? TakesConnections(port_)
                                      : RawRequest(port_, "GET", ready_path, "") == 200;
    if (!ready_) {
      ::poll(nullptr, 0, 20);
    }
  }
}

ServerProcess::~ServerProcess() {
  // Reaped already when it ended by itself: then this asks nobody.
  if (::waitpid(process_, nullptr, WNOHANG) == 0) {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
}

}  // namespace promtally::test
