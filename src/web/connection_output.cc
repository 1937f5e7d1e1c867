// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "web/connection.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kScratchBytes = 4096;
// How long and how much a connection is read on after its last response, so that the peer sees the
// response before the reset that unread bytes would cause.
constexpr milliseconds kLingerTime{2000};
constexpr std::size_t kLingerBytes = std::size_t{4} << 20;
constexpr milliseconds kCancelAgain{100};

std::string Hex(std::size_t number) {
  constexpr int kHexadecimal = 16;
  std::array<char, 2 * sizeof number> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, kHexadecimal);
  return std::string(digits.data(), end.ptr);
}

}  // namespace

// The handshake is part of the first header's time. Plain HTTP is told what it met, as Go does.
asio::awaitable<bool> Connection::Open() {
  if (peer_.tls == nullptr) {
    co_return true;
  }
  constexpr char kHandshakeRecord = 0x16;
  Arm(service_->limits.header_timeout);
  const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, kAwait);
  char first = 0;
  if (error || timed_out_ || recv(socket_.native_handle(), &first, 1, MSG_PEEK) != 1) {
    co_return false;
  }
  if (first != kHandshakeRecord) {
    const bool is_text = first >= 'A' && first <= 'Z';
    if (is_text) {
      co_await AnswerPlain();
    }
    co_return false;
  }
  auto session = std::make_unique<TlsSession>(socket_, peer_.tls);
  const error_code failed = co_await session->Handshake();
  if (failed || timed_out_) {
    co_return false;
  }
  tls_ = std::move(session);
  co_return true;
}

asio::awaitable<bool> Connection::AnswerPlain() {
  begun_ = std::chrono::steady_clock::now();
  response_ = TextResponse(400, "Client sent an HTTP request to an HTTPS server.\n");
  framing_.keep_alive = false;
  const bool sent = co_await Send(true);
  Report(false);
  if (sent) {
    co_await Linger();
  }
  co_return sent;
}

asio::awaitable<bool> Connection::Write(const std::vector<asio::const_buffer>& buffers) {
  if (tls_ != nullptr) {
    const error_code failed = co_await tls_->Write(buffers);
    co_return !failed;
  }
  const auto [error, bytes] = co_await asio::async_write(socket_, buffers, kAwait);
  co_return !error;
}

asio::awaitable<bool> Connection::Send(bool with_body) {
  if (service_->finish) {
    service_->finish(response_);
  }
  framing_.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  TakeShortBody();
  const bool streams = response_.source != nullptr && with_body;
  framing_.chunked = streams && !framing_.http_1_0;
  framing_.keep_alive = framing_.keep_alive && (!streams || framing_.chunked);
  head_ = RenderHead(response_, framing_);
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(response_.body.size() + 1);
  buffers.push_back(asio::buffer(head_));
  sent_bytes_ = 0;
  if (with_body) {
    for (const auto& piece : response_.body) {
      buffers.push_back(asio::buffer(*piece));
    }
    sent_bytes_ = BodyBytes(response_);
  }
  Arm(service_->limits.write_timeout);
  bool sent = co_await Write(buffers);
  if (sent && streams) {
    sent = co_await SendPieces();
  }
  Disarm();
  co_return sent;
}

/// A source whose first piece is its last one is a body like any other, with a length.
void Connection::TakeShortBody() {
  piece_.clear();
  if (response_.source != nullptr && !response_.source->Next(piece_)) {
    response_.body = {std::make_shared<const std::string>(std::move(piece_))};
    response_.source = nullptr;
    piece_.clear();
  }
}

/// Sends what is in piece_ and all that follows it, each piece made when the one before is gone.
asio::awaitable<bool> Connection::SendPieces() {
  for (bool more = true;;) {
    head_.clear();
    tail_.clear();
    if (framing_.chunked && !piece_.empty()) {
      head_ = Hex(piece_.size()) + "\r\n";
      tail_ = "\r\n";
    }
    if (framing_.chunked && !more) {
      tail_ += "0\r\n\r\n";
    }
    const std::vector<asio::const_buffer> buffers{asio::buffer(head_), asio::buffer(piece_),
                                                  asio::buffer(tail_)};
    const bool sent = co_await Write(buffers);
    if (!sent) {
      co_return false;
    }
    sent_bytes_ += piece_.size();
    if (!more) {
      co_return true;
    }
    piece_.clear();
    more = response_.source->Next(piece_);
  }
}

asio::awaitable<void> Connection::Linger() {
  error_code ignored;
  Arm(kLingerTime);
  if (tls_ != nullptr) {
    co_await tls_->Shutdown();
  }
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  std::vector<char> scratch(kScratchBytes);
  const auto space = asio::buffer(scratch);
  for (std::size_t total = 0; total < kLingerBytes && !timed_out_;) {
    const auto [error, bytes] = co_await socket_.async_read_some(space, kAwait);
    if (error) {
      break;
    }
    total += bytes;
  }
}

void Connection::Arm(milliseconds time) {
  timed_out_ = false;
  Disarm();
  if (time.count() > 0) {
    due_ = std::chrono::steady_clock::now() + time;
    if (due_ < wakes_) {
      WakeAt(due_);
    }
  }
}

void Connection::WakeAt(Moment when) {
  wakes_ = when;
  deadline_.expires_at(when);
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) {
      self->wakes_ = Moment::max();
      self->MeetDeadline();
    }
  });
}

void Connection::MeetDeadline() {
  if (due_ == Moment::max()) {
    return;
  }
  const Moment now = std::chrono::steady_clock::now();
  if (now < due_) {
    WakeAt(due_);
    return;
  }
  timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
  WakeAt(now + kCancelAgain);
}

}  // namespace promtally::web
