// SPDX-License-Identifier: Apache-2.0
#include "unit/web/running_server.h"

#include <array>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace promtally::web {
namespace asio = boost::asio;

struct RunningServer::Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::unique_ptr<Server> server;
};

RunningServer::RunningServer(Handler handler, ServerLimits limits, Observer observer)
    : loop_(std::make_unique<Loop>()) {
  ServerOptions options;
  options.listen = {"127.0.0.1:0"};
  options.limits = limits;
  loop_->server =
      std::make_unique<Server>(loop_->context, options, std::move(handler), std::move(observer));
  const auto started = loop_->server->Start();
  EXPECT_TRUE(started) << started.error().message;
  const std::string address = loop_->server->addresses().at(0);
  port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  thread_ = std::thread([this] { loop_->context.run(); });
}

RunningServer::~RunningServer() {
  asio::post(loop_->context, [this] {
    loop_->server.reset();
    loop_->work.reset();
  });
  thread_.join();
}

std::future<void> RunningServer::Stop(std::chrono::milliseconds grace) {
  const auto stopped = std::make_shared<std::promise<void>>();
  asio::post(loop_->context, [this, grace, stopped] {
    loop_->server->Stop(grace, [stopped] { stopped->set_value(); });
  });
  return stopped->get_future();
}

RawClient::RawClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval patience{};
  patience.tv_sec = 10;
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

RawClient::~RawClient() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      closed_(other.closed_),
      unread_(std::move(other.unread_)) {}

void RawClient::Send(const std::string& bytes) const {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto count = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      return;  // the server may have refused and closed; its answer is still to be read
    }
    sent += static_cast<std::size_t>(count);
  }
}

void RawClient::EndSending() const { shutdown(socket_, SHUT_WR); }

bool RawClient::ReadMore() {
  std::array<char, 65536> chunk;
  const auto count = recv(socket_, chunk.data(), chunk.size(), 0);
  if (count <= 0) {
    closed_ = count == 0;
    return false;
  }
  unread_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::ReadResponse(bool with_body) {
  while (unread_.find("\r\n\r\n") == std::string::npos) {
    if (!ReadMore()) {
      return std::exchange(unread_, "");
    }
  }
  std::size_t size = unread_.find("\r\n\r\n") + 4;
  const std::size_t length = unread_.find("Content-Length: ");
  if (with_body && length < size) {
    size += std::stoul(unread_.substr(length + 16));
  }
  while (unread_.size() < size && ReadMore()) {
  }
  const std::string response = unread_.substr(0, size);
  unread_.erase(0, size);
  return response;
}

std::string RawClient::ReadToEnd(bool* closed) {
  while (ReadMore()) {
  }
  if (closed != nullptr) {
    *closed = closed_;
  }
  return std::exchange(unread_, "");
}

std::string Get(const std::string& path, const std::string& more) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

int StatusOf(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

std::string BodyOf(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

Response Echo(const Request& request) {
  std::string text = request.method + " " + request.path;
  text += request.query.empty() ? "" : " query=" + request.query;
  text += request.body.text().empty() ? "" : " body=" + request.body.text();
  return TextResponse(200, text);
}

Response Large(const Request& /*request*/) {
  return TextResponse(200, std::string(kLargeBytes, 'x'));
}

}  // namespace promtally::web
