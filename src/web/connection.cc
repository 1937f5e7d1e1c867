// SPDX-License-Identifier: Apache-2.0
#include "web/connection.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "web/listen_address.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kReadChunk = 4096;
// How long and how much a connection is read on after its last response, so that the peer sees the
// response before the reset that unread bytes would cause.
constexpr milliseconds kLingerTime{2000};
constexpr std::size_t kLingerBytes = std::size_t{4} << 20;
constexpr milliseconds kCancelAgain{100};

std::string Text(boost::beast::string_view view) { return std::string(view.data(), view.size()); }

template <typename Number>
Number OrNone(Number limit) {
  return limit == 0 ? std::numeric_limits<Number>::max() : limit;
}

/// `http://host:port/path` -> `host:port`, and the target becomes `/path`; empty for other forms.
std::string TakeAuthority(std::string& target) {
  constexpr std::string_view kScheme = "http://";
  if (!boost::beast::iequals(boost::beast::string_view(target).substr(0, kScheme.size()),
                             boost::beast::string_view(kScheme))) {
    return {};
  }
  const std::size_t end = std::min(target.find_first_of("/?", kScheme.size()), target.size());
  std::string authority = target.substr(kScheme.size(), end - kScheme.size());
  target.erase(0, end);
  if (!target.starts_with('/')) {
    target.insert(target.begin(), '/');
  }
  return authority;
}

}  // namespace

struct Connection::Reader {
  boost::beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
};

Connection::Connection(asio::ip::tcp::socket socket, Peer peer,
                       std::shared_ptr<const Service> service)
    : socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      peer_(std::move(peer)),
      service_(std::move(service)),
      reader_(std::make_unique<Reader>()) {}

Connection::~Connection() = default;

asio::awaitable<void> Connection::Serve() {
  while (!finishing_) {
    const ReadResult read = co_await ReadRequest();
    if (read == ReadResult::kGone || !service_->handler) {
      break;
    }
    const bool handled = read == ReadResult::kRequest;
    if (handled) {
      response_ = service_->handler(request_);
    }
    framing_.keep_alive = handled && reader_->parser->get().keep_alive() && !finishing_;
    const bool with_body = request_.method != "HEAD";
    const bool sent = co_await Send(with_body);
    Report(handled, with_body);
    if (!sent) {
      break;
    }
    if (!framing_.keep_alive || finishing_) {
      co_await Linger();
      break;
    }
  }
  Abort();
}

asio::awaitable<void> Connection::Refuse(int status) {
  Refused(status);
  begun_ = std::chrono::steady_clock::now();
  framing_.keep_alive = false;
  const bool sent = co_await Send(true);
  Report(false, true);
  if (sent) {
    co_await Linger();
  }
  Abort();
}

void Connection::FinishSoon() {
  finishing_ = true;
  if (idle_) {
    Abort();
  }
}

void Connection::Abort() {
  Disarm();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<bool> Connection::WaitForFirstByte() {
  const ServerLimits& limits = service_->limits;
  idle_ = true;
  Arm(first_request_ ? limits.header_timeout : limits.idle_timeout);
  auto& buffer = reader_->buffer;
  const auto space = buffer.prepare(kReadChunk);
  const auto [error, bytes] = co_await socket_.async_read_some(space, kAwait);
  idle_ = false;
  if (error) {
    co_return false;
  }
  buffer.commit(bytes);
  co_return true;
}

asio::awaitable<Connection::ReadResult> Connection::ReadRequest() {
  const ServerLimits& limits = service_->limits;
  request_ = Request();
  response_ = Response();
  framing_ = Framing();
  begun_ = std::chrono::steady_clock::now();
  auto& parser = reader_->parser.emplace();
  parser.header_limit(OrNone(limits.header_bytes));
  parser.body_limit(OrNone(limits.body_bytes));
  if (reader_->buffer.size() == 0) {
    const bool alive = co_await WaitForFirstByte();
    if (!alive) {
      co_return ReadResult::kGone;
    }
  }
  if (!first_request_) {
    Arm(limits.header_timeout);
  }
  first_request_ = false;
  const auto [error, bytes] =
      co_await http::async_read_header(socket_, reader_->buffer, parser, kAwait);
  begun_ = std::chrono::steady_clock::now();
  if (error) {
    co_return Judge(error);
  }
  TakeRequest();
  if (const int status = CheckHeader(); status != 0) {
    co_return Refused(status);
  }
  if (!parser.is_done()) {
    const ReadResult body = co_await ReadBody();
    co_return body;
  }
  co_return ReadResult::kRequest;
}

asio::awaitable<Connection::ReadResult> Connection::ReadBody() {
  auto& parser = *reader_->parser;
  Arm(service_->limits.body_timeout);
  const bool asks = boost::beast::iequals(parser.get()[http::field::expect], "100-continue");
  if (asks && parser.get().version() >= 11) {
    const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto line = asio::buffer(go_on);
    const auto [error, bytes] = co_await asio::async_write(socket_, line, kAwait);
    if (error) {
      co_return ReadResult::kGone;
    }
  }
  const auto [error, bytes] = co_await http::async_read(socket_, reader_->buffer, parser, kAwait);
  if (error) {
    co_return Judge(error);
  }
  request_.body = std::move(parser.get().body());
  co_return ReadResult::kRequest;
}

Connection::ReadResult Connection::Judge(const error_code& error) {
  if (timed_out_) {
    return Refused(408);
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return ReadResult::kGone;
  }
  if (error == http::error::body_limit) {
    return Refused(413);
  }
  if (error == http::error::header_limit) {
    const auto data = reader_->buffer.cdata();
    const std::string_view text(static_cast<const char*>(data.data()), data.size());
    return Refused(text.find('\n') < OrNone(service_->limits.header_bytes) ? 431 : 414);
  }
  const bool is_bad_text = error.category() == error_code(http::error::bad_method).category();
  return is_bad_text ? Refused(400) : ReadResult::kGone;
}

void Connection::TakeRequest() {
  const auto& message = reader_->parser->get();
  framing_.http_1_0 = message.version() < 11;
  request_.method = Text(message.method_string());
  request_.remote_address = peer_.remote_address;
  for (const auto& field : message) {
    request_.headers.emplace_back(Text(field.name_string()), Text(field.value()));
  }
  std::string target = Text(message.target());
  request_.host = TakeAuthority(target);
  if (request_.host.empty()) {
    request_.host = Text(message[http::field::host]);
  }
  const std::size_t path_end = std::min(target.find('?'), target.size());
  request_.path = target.substr(0, path_end);
  request_.query = path_end < target.size() ? target.substr(path_end + 1) : std::string();
}

// 0, or the status that refuses the request.
int Connection::CheckHeader() {
  const auto& message = reader_->parser->get();
  const ServerLimits& limits = service_->limits;
  if (message.target().size() > OrNone(limits.url_bytes)) {
    return 414;
  }
  if (request_.headers.size() > OrNone(limits.headers)) {
    return 431;
  }
  const auto lengths = message.count(http::field::content_length);
  const auto codings = message.count(http::field::transfer_encoding);
  const auto hosts = message.count(http::field::host);
  const bool odd_coding =
      codings > 0 && (framing_.http_1_0 || codings > 1 || lengths > 0 ||
                      !boost::beast::iequals(message[http::field::transfer_encoding], "chunked"));
  const bool odd_host = hosts > 1 || (hosts == 0 && !framing_.http_1_0);
  if (lengths > 1 || odd_coding || odd_host || message.version() > 11 ||
      !request_.path.starts_with('/')) {
    return 400;
  }
  if (peer_.loopback_listener && !request_.host.empty() && !IsLoopbackHost(request_.host)) {
    return 403;
  }
  return 0;
}

Connection::ReadResult Connection::Refused(int status) {
  response_ = TextResponse(status, std::string(ReasonPhrase(status)) + "\n");
  return ReadResult::kRefused;
}

asio::awaitable<bool> Connection::Send(bool with_body) {
  framing_.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  head_ = RenderHead(response_, framing_);
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(response_.body.size() + 1);
  buffers.push_back(asio::buffer(head_));
  if (with_body) {
    for (const auto& piece : response_.body) {
      buffers.push_back(asio::buffer(*piece));
    }
  }
  Arm(service_->limits.write_timeout);
  const auto [error, bytes] = co_await asio::async_write(socket_, buffers, kAwait);
  Disarm();
  co_return !error;
}

asio::awaitable<void> Connection::Linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  Arm(kLingerTime);
  std::vector<char> scratch(kReadChunk);
  const auto space = asio::buffer(scratch);
  for (std::size_t total = 0; total < kLingerBytes && !timed_out_;) {
    const auto [error, bytes] = co_await socket_.async_read_some(space, kAwait);
    if (error) {
      break;
    }
    total += bytes;
  }
}

void Connection::Report(bool handled, bool with_body) const {
  if (!service_->observer) {
    return;
  }
  Exchange exchange;
  exchange.method = request_.method;
  exchange.route = response_.route;
  exchange.status = response_.status;
  exchange.wall = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begun_);
  exchange.bytes = with_body ? BodyBytes(response_) : 0;
  exchange.handled = handled;
  service_->observer(exchange);
}

void Connection::Arm(milliseconds time) {
  Disarm();
  timed_out_ = false;
  if (time.count() > 0) {
    deadline_.expires_after(time);
    WaitForDeadline(generation_);
  }
}

void Connection::Disarm() {
  ++generation_;
  deadline_.cancel();
}

void Connection::WaitForDeadline(std::uint64_t generation) {
  deadline_.async_wait([self = shared_from_this(), generation](const error_code& error) {
    if (error || generation != self->generation_) {
      return;
    }
    self->timed_out_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
    self->deadline_.expires_after(kCancelAgain);
    self->WaitForDeadline(generation);
  });
}

}  // namespace promtally::web
