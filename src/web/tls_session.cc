// SPDX-License-Identifier: Apache-2.0
#include "web/tls_session.h"

#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "web/tls_context.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;
constexpr auto kWait = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct TlsSession::Stream {
  Stream(asio::ip::tcp::socket& socket, SSL* session) : stream(socket, session) {}
  asio::ssl::stream<asio::ip::tcp::socket&> stream;
};

TlsSession::TlsSession(asio::ip::tcp::socket& socket, std::shared_ptr<TlsContext> context)
    : context_(std::move(context)),
      stream_(std::make_unique<Stream>(socket, context_->NewSession())) {}

TlsSession::~TlsSession() = default;

asio::awaitable<TlsSession::Error> TlsSession::Handshake() {
  const auto [error] =
      co_await stream_->stream.async_handshake(asio::ssl::stream_base::server, kWait);
  co_return error;
}

asio::awaitable<std::pair<TlsSession::Error, std::size_t>> TlsSession::ReadSome(
    asio::mutable_buffer space) {
  const auto buffers = asio::buffer(space);
  const auto [error, bytes] = co_await stream_->stream.async_read_some(buffers, kWait);
  co_return std::pair<Error, std::size_t>(error, bytes);
}

asio::awaitable<TlsSession::Error> TlsSession::Write(
    const std::vector<asio::const_buffer>& buffers) {
  const auto [error, bytes] = co_await asio::async_write(stream_->stream, buffers, kWait);
  co_return error;
}

asio::awaitable<void> TlsSession::Shutdown() {
  const auto [ignored] = co_await stream_->stream.async_shutdown(kWait);
  static_cast<void>(ignored);
}

}  // namespace promtally::web
