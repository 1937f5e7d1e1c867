// SPDX-License-Identifier: Apache-2.0
#include "web/connection.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

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
// How long a request waits for an answer that was promised.
constexpr milliseconds kPatience{60000};
// A chunked body may be this many times as large on the wire (chunks of one byte are six times).
constexpr std::uint64_t kMaxChunkOverhead = 8;

std::string Text(boost::beast::string_view view) { return std::string(view.data(), view.size()); }

template <typename Number>
Number OrNone(Number limit) {
  return limit == 0 ? std::numeric_limits<Number>::max() : limit;
}

/// `http://host:port/path` -> `host:port`, and the target becomes `/path`; empty for other forms.
std::string TakeAuthority(std::string& target, bool over_tls) {
  const std::string_view scheme = over_tls ? "https://" : "http://";
  if (!boost::beast::iequals(boost::beast::string_view(target).substr(0, scheme.size()),
                             boost::beast::string_view(scheme))) {
    return {};
  }
  const std::size_t end = std::min(target.find_first_of("/?", scheme.size()), target.size());
  std::string authority = target.substr(scheme.size(), end - scheme.size());
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
      promised_(socket_.get_executor()),
      peer_(std::move(peer)),
      service_(std::move(service)),
      reader_(std::make_unique<Reader>()) {}

Connection::~Connection() = default;

asio::awaitable<void> Connection::Serve() {
  const bool open = co_await Open();
  finishing_ = finishing_ || !open;
  while (!finishing_) {
    const ReadResult read = co_await ReadRequest();
    if (read == ReadResult::kGone || !service_->handler) {
      break;
    }
    const bool handled = read == ReadResult::kRequest;
    if (handled) {
      response_ = service_->handler(request_);
      if (response_.later != nullptr) {
        co_await AwaitAnswer();
      }
    }
    framing_.keep_alive = handled && reader_->parser->get().keep_alive() && !finishing_;
    const bool with_body = request_.method != "HEAD";
    const bool sent = co_await Send(with_body);
    Report(handled);
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
  const bool open = co_await Open();
  if (!open) {
    Abort();
    co_return;
  }
  Refused(status);
  begun_ = std::chrono::steady_clock::now();
  framing_.keep_alive = false;
  const bool sent = co_await Send(true);
  Report(false);
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
  deadline_.cancel();
  promised_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<bool> Connection::ReadMore() {
  auto& buffer = reader_->buffer;
  const auto space = buffer.prepare(kReadChunk);
  if (tls_ != nullptr) {
    const auto read = co_await tls_->ReadSome(space);
    buffer.commit(read.second);
    co_return !read.first && !timed_out_;
  }
  const auto [error, bytes] = co_await socket_.async_read_some(space, kAwait);
  buffer.commit(bytes);
  co_return !error && !timed_out_;
}

// Not Beast's own loop: it parses as bytes come and bounds only what it has not parsed yet, so that
// a header of many short lines would have no end.
asio::awaitable<Connection::ReadResult> Connection::ReadHeader() {
  const ServerLimits& limits = service_->limits;
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t limit = OrNone(std::size_t{limits.header_bytes});
  idle_ = reader_->buffer.size() == 0;
  Arm(idle_ && !first_request_ ? limits.idle_timeout : limits.header_timeout);
  for (std::size_t searched = 0;;) {
    const auto data = reader_->buffer.cdata();
    const std::string_view text(static_cast<const char*>(data.data()), data.size());
    const std::size_t end = text.find(kEnd, searched);
    if (end < limit && end + kEnd.size() <= limit) {
      if (!HasPlainLines(text.substr(0, end + kEnd.size()))) {
        co_return Refused(400);
      }
      break;
    }
    if (end != std::string_view::npos || text.size() >= limit) {
      co_return Refused(text.find('\n') < limit ? 431 : 414);
    }
    if (!text.empty() && static_cast<unsigned char>(text.front()) < ' ') {
      co_return Refused(400);  // TLS, most likely; it would wait for an answer
    }
    searched = text.size() < kEnd.size() ? 0 : text.size() - kEnd.size() + 1;
    const bool alive = co_await ReadMore();
    if (!alive) {
      const bool has_begun = reader_->buffer.size() > 0;
      co_return timed_out_&& has_begun ? Refused(408) : ReadResult::kGone;
    }
    if (idle_ && !first_request_) {
      Arm(limits.header_timeout);
    }
    idle_ = false;
  }
  first_request_ = false;
  co_return ParseHeader();
}

Connection::ReadResult Connection::ParseHeader() {
  error_code error;
  reader_->buffer.consume(reader_->parser->put(reader_->buffer.cdata(), error));
  if (error || !reader_->parser->is_header_done()) {
    return Judge(error);
  }
  TakeRequest();
  const int status = CheckHeader();
  return status == 0 ? ReadResult::kRequest : Refused(status);
}

asio::awaitable<Connection::ReadResult> Connection::ReadRequest() {
  request_ = Request();
  response_ = Response();
  framing_ = Framing();
  auto& parser = reader_->parser.emplace();
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // known when the header is
  const ReadResult header = co_await ReadHeader();
  begun_ = std::chrono::steady_clock::now();
  if (header != ReadResult::kRequest || parser.is_done()) {
    co_return header;
  }
  if (parser.content_length().value_or(0) > BodyLimit()) {
    co_return Refused(413);
  }
  parser.body_limit(BodyLimit());
  const ReadResult body = co_await ReadBody();
  co_return body;
}

asio::awaitable<Connection::ReadResult> Connection::ReadBody() {
  auto& parser = *reader_->parser;
  Arm(service_->limits.body_timeout);
  const bool asks = boost::beast::iequals(parser.get()[http::field::expect], "100-continue");
  if (asks && parser.get().version() >= 11) {
    const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const std::vector<asio::const_buffer> line(1, asio::buffer(go_on));
    const bool sent = co_await Write(line);
    if (!sent) {
      co_return ReadResult::kGone;
    }
  }
  for (std::uint64_t received = 0; !parser.is_done();) {
    error_code error;
    reader_->buffer.consume(parser.put(reader_->buffer.cdata(), error));
    if (error && error != http::error::need_more) {
      co_return Judge(error);
    }
    if (!error && (parser.is_done() || reader_->buffer.size() > 0)) {
      continue;
    }
    const std::size_t unparsed = reader_->buffer.size();
    const bool alive = co_await ReadMore();
    if (!alive) {
      co_return timed_out_ ? Refused(408) : ReadResult::kGone;
    }
    // Chunk headers and trailers are not part of the body that Beast bounds.
    received += reader_->buffer.size() - unparsed;
    if (received / kMaxChunkOverhead > BodyLimit()) {
      co_return Refused(413);
    }
  }
  request_.body = SharedText(std::move(parser.get().body()));
  co_return ReadResult::kRequest;
}

Connection::ReadResult Connection::Judge(const error_code& error) {
  return Refused(error == http::error::body_limit ? 413 : 400);
}

std::uint64_t Connection::BodyLimit() const {
  const bool is_import = service_->is_import && service_->is_import(request_);
  return OrNone(is_import ? service_->limits.import_bytes : service_->limits.body_bytes);
}

void Connection::TakeRequest() {
  const auto& message = reader_->parser->get();
  framing_.http_1_0 = message.version() < 11;
  request_.method = Text(message.method_string());
  request_.remote_address = peer_.remote_address;
  request_.loopback_listener = peer_.loopback_listener;
  for (const auto& field : message) {
    request_.headers.emplace_back(Text(field.name_string()), Text(field.value()));
  }
  std::string target = Text(message.target());
  request_.host = TakeAuthority(target, tls_ != nullptr);
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
  // Beast takes a list of equal lengths for one.
  const boost::beast::string_view length = message[http::field::content_length];
  const bool odd_length = lengths > 1 || !std::all_of(length.begin(), length.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  const bool is_disguised =
      std::any_of(request_.headers.begin(), request_.headers.end(),
                  [](const auto& header) { return IsDisguised(header.first); });
  if (odd_length || odd_coding || is_disguised || odd_host || message.version() > 11 ||
      !request_.path.starts_with('/')) {
    return 400;
  }
  if (peer_.loopback_listener && !request_.host.empty() && !IsLoopbackHost(request_.host) &&
      !boost::beast::iequals(request_.host, service_->external_host)) {
    return 403;
  }
  return 0;
}

Connection::ReadResult Connection::Refused(int status) {
  response_ = TextResponse(status, std::string(ReasonPhrase(status)) + "\n");
  return ReadResult::kRefused;
}

asio::awaitable<void> Connection::AwaitAnswer() {
  const std::shared_ptr<Deferral> later = std::move(response_.later);
  const std::string route = std::move(response_.route);
  promised_.expires_after(kPatience);
  later->OnResolved([this] { promised_.cancel(); });
  if (!later->resolved()) {
    co_await promised_.async_wait(kAwait);
  }
  later->OnResolved({});
  response_ = later->resolved() ? later->Take() : TextResponse(503, "There is no answer yet\n");
  response_.route = route;
}

void Connection::Report(bool handled) const {
  if (!service_->observer) {
    return;
  }
  Exchange exchange;
  exchange.method = request_.method;
  exchange.route = response_.route;
  exchange.status = response_.status;
  exchange.wall = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begun_);
  exchange.bytes = sent_bytes_;
  exchange.handled = handled;
  service_->observer(exchange);
}

}  // namespace promtally::web
