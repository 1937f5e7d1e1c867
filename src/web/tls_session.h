// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace promtally::web {

class TlsContext;

/// TLS on a connection's socket. Whoever cancels the socket's operations ends these, so that the
/// connection's deadlines hold for handshakes as well. Loop thread; the socket must outlive it.
class TlsSession {
 public:
  using Error = boost::system::error_code;

  TlsSession(boost::asio::ip::tcp::socket& socket, std::shared_ptr<TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  boost::asio::awaitable<Error> Handshake();
  boost::asio::awaitable<std::pair<Error, std::size_t>> ReadSome(boost::asio::mutable_buffer space);
  /// `buffers` must stay until it is done.
  boost::asio::awaitable<Error> Write(const std::vector<boost::asio::const_buffer>& buffers);
  /// Says that nothing more comes, and waits for the peer to say the same.
  boost::asio::awaitable<void> Shutdown();

 private:
  struct Stream;  // Asio's, which is slow to compile
  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace promtally::web
