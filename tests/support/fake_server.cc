// SPDX-License-Identifier: Apache-2.0
#include "support/fake_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace promtally::test {
namespace {

using Clock = std::chrono::steady_clock;

std::string Lower(std::string text) {
  for (char& c : text) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return text;
}

int HexDigit(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

std::string Decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      plain += static_cast<char>(HexDigit(text[at + 1]) * 16 + HexDigit(text[at + 2]));
      at += 2;
    } else {
      plain += text[at] == '+' ? ' ' : text[at];
    }
  }
  return plain;
}

std::string StatusLine(int status) { return "HTTP/1.1 " + std::to_string(status) + " Said\r\n"; }

/// Takes one whole request from the front of `input`.
std::optional<SeenRequest> TakeRequest(std::string& input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) {
    return std::nullopt;
  }
  SeenRequest request;
  const std::string head = input.substr(0, end + 2);
  const std::size_t blank = head.find(' ');
  request.method = head.substr(0, blank);
  request.target = head.substr(blank + 1, head.find(' ', blank + 1) - blank - 1);
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::size_t colon = head.find(':', at);
    const std::size_t value = head.find_first_not_of(' ', colon + 1);
    request.headers[Lower(head.substr(at, colon - at))] =
        value < line_end ? head.substr(value, line_end - value) : "";
    at = line_end + 2;
  }
  const std::size_t length = std::strtoul(request.Header("content-length").c_str(), nullptr, 10);
  if (input.size() < end + 4 + length) {
    return std::nullopt;
  }
  request.body = input.substr(end + 4, length);
  input.erase(0, end + 4 + length);
  return request;
}

}  // namespace

struct FakeServer::Connection {
  int descriptor = -1;
  std::string input;
  std::string output;
  std::size_t written = 0;
  std::optional<Reply> reply;  ///< being sent
  Clock::time_point due;
  bool stalled = false;
};

std::string SeenRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string SeenRequest::Field(std::string_view name) const {
  const std::size_t mark = target.find('?');
  const std::string fields =
      "&" + (mark == std::string::npos ? body : target.substr(mark + 1) + "&" + body) + "&";
  for (std::size_t at = 0; at + 1 < fields.size();) {
    const std::size_t end = fields.find('&', at + 1);
    const std::size_t equals = fields.find('=', at);
    if (equals < end && Decoded(fields.substr(at + 1, equals - at - 1)) == name) {
      return Decoded(fields.substr(equals + 1, end - equals - 1));
    }
    at = end;
  }
  return {};
}

Reply Reply::Of(int status, std::string_view body, const Headers& headers) {
  Reply reply;
  reply.bytes = StatusLine(status);
  for (const auto& [name, value] : headers) {
    reply.bytes += name + ": " + value + "\r\n";
  }
  reply.bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  reply.bytes += body;
  return reply;
}

Reply Reply::Raw(std::string bytes, End end) {
  Reply reply;
  reply.bytes = std::move(bytes);
  reply.end = end;
  return reply;
}

Reply Reply::Chunked(int status, const std::vector<std::string>& pieces, bool last_chunk) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  Reply reply;
  reply.bytes = StatusLine(status) + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& piece : pieces) {
    if (piece.empty()) {
      continue;  // it would be the last chunk
    }
    std::string size;
    for (std::size_t left = piece.size(); left > 0; left /= 16) {
      size.insert(size.begin(), kHex[left % 16]);
    }
    reply.bytes += size + "\r\n" + piece + "\r\n";
  }
  reply.bytes += last_chunk ? "0\r\n\r\n" : "";
  reply.end = last_chunk ? End::kKeepAlive : End::kClose;
  return reply;
}

Reply Reply::CutAfter(std::size_t bytes_kept, End how) const {
  Reply cut = *this;
  cut.bytes.resize(std::min(bytes_kept, cut.bytes.size()));
  cut.end = how;
  return cut;
}

Reply Reply::Then(End how) const {
  Reply changed = *this;
  changed.end = how;
  return changed;
}

Reply Reply::After(std::chrono::milliseconds time) const {
  Reply changed = *this;
  changed.delay = time;
  return changed;
}

FakeServer::FakeServer(Script script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 512) != 0 ||
      ::getsockname(listener_, generic, &size) != 0 || ::pipe(wake_) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FakeServer::~FakeServer() {
  ::close(wake_[1]);
  thread_.join();
  for (const Connection& connection : open_) {
    ::close(connection.descriptor);
  }
  ::close(wake_[0]);
  ::close(listener_);
}

std::vector<SeenRequest> FakeServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int FakeServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void FakeServer::SetScript(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

bool FakeServer::WaitForRequests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10),
                           [&] { return requests_.size() >= count; });
}

void FakeServer::Run() {
  for (;;) {
    std::vector<pollfd> polled = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    int wait = -1;
    for (const Connection& connection : open_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(connection.due - Clock::now());
      const bool held_back = connection.reply && left.count() > 0;
      const bool sends = connection.reply && !held_back && !connection.stalled;
      polled.push_back({connection.descriptor, static_cast<short>(sends ? POLLOUT : POLLIN), 0});
      if (held_back) {
        wait = wait < 0 ? static_cast<int>(left.count())
                        : std::min(wait, static_cast<int>(left.count()));
      }
    }
    ::poll(polled.data(), polled.size(), wait);
    if (polled[0].revents != 0) {
      return;
    }
    for (std::size_t index = 0; index < open_.size(); ++index) {
      const short events = polled[index + 2].revents;
      if ((events & POLLOUT) != 0) {
        Write(open_[index]);
      } else if (events != 0) {
        Read(open_[index]);
      }
    }
    std::erase_if(open_, [](const Connection& connection) { return connection.descriptor < 0; });
    if (polled[1].revents != 0) {
      Accept();
    }
  }
}

void FakeServer::Accept() {
  const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) {
    return;
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Connection connection;
  connection.descriptor = descriptor;
  open_.push_back(std::move(connection));
  const std::lock_guard lock(mutex_);
  ++connections_;
}

void FakeServer::Read(Connection& connection) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::recv(connection.descriptor, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    if (size == 0 || errno != EAGAIN) {
      ::close(connection.descriptor);
      connection.descriptor = -1;
    }
    return;
  }
  connection.input.append(buffer.data(), static_cast<std::size_t>(size));
  Answer(connection);
}

void FakeServer::Answer(Connection& connection) {
  if (connection.reply) {
    return;
  }
  std::optional<SeenRequest> request = TakeRequest(connection.input);
  if (!request) {
    return;
  }
  Script script;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(*request);
    script = script_;
  }
  changed_.notify_all();
  connection.reply = script(*request);
  connection.output = std::move(connection.reply->bytes);
  connection.written = 0;
  connection.due = Clock::now() + connection.reply->delay;
}

void FakeServer::Write(Connection& connection) {
  const std::size_t left = connection.output.size() - connection.written;
  const ssize_t size = ::send(connection.descriptor, connection.output.data() + connection.written,
                              left, MSG_NOSIGNAL);
  if (size < 0 && errno == EAGAIN) {
    return;
  }
  const Reply::End end = size < 0 ? Reply::End::kClose : connection.reply->end;
  if (size >= 0) {
    connection.written += static_cast<std::size_t>(size);
    if (connection.written < connection.output.size()) {
      return;
    }
  }
  if (end == Reply::End::kStall) {
    connection.stalled = true;
    return;
  }
  connection.reply.reset();
  if (end == Reply::End::kKeepAlive) {
    Answer(connection);
    return;
  }
  if (end == Reply::End::kReset) {
    const linger now{1, 0};
    ::setsockopt(connection.descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  ::close(connection.descriptor);
  connection.descriptor = -1;
}

}  // namespace promtally::test
