// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "web/server.h"
#include "web/tls_session.h"

namespace promtally::web {

/// The one completion token of this room: errors come back as values.
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

/// What all connections of a server share. The server empties `handler` when it goes.
struct Service {
  ServerLimits limits;
  std::string external_host;
  Handler handler;
  Observer observer;
  std::function<void(Response&)> finish;
  std::function<bool(const Request&)> is_import;
};

/// Where a connection came in.
struct Peer {
  std::string remote_address;
  bool loopback_listener = false;
  std::shared_ptr<TlsContext> tls;  ///< nullptr: plain HTTP
};

/// One accepted connection, after its TLS handshake where the listener speaks TLS: reads requests
/// one after the other and answers them in order. Loop thread only; must be held by a shared_ptr,
/// which the coroutines' caller keeps for their duration.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Peer peer,
             std::shared_ptr<const Service> service);
  ~Connection();

  /// Answers requests until the peer or the server wants to end.
  boost::asio::awaitable<void> Serve();
  /// Answers with `status` without reading anything.
  boost::asio::awaitable<void> Refuse(int status);

  /// Closes an idle connection now, another one after its response.
  void FinishSoon();
  /// Closes now, whatever is under way.
  void Abort();

 private:
  struct Reader;  // Beast's parser and buffer
  enum class ReadResult { kRequest, kGone, kRefused };

  boost::asio::awaitable<bool> Open();
  boost::asio::awaitable<bool> AnswerPlain();
  boost::asio::awaitable<bool> Write(const std::vector<boost::asio::const_buffer>& buffers);
  boost::asio::awaitable<ReadResult> ReadRequest();
  boost::asio::awaitable<ReadResult> ReadHeader();
  boost::asio::awaitable<bool> ReadMore();
  boost::asio::awaitable<ReadResult> ReadBody();
  boost::asio::awaitable<void> AwaitAnswer();
  boost::asio::awaitable<bool> Send(bool with_body);
  void TakeShortBody();
  boost::asio::awaitable<bool> SendPieces();
  boost::asio::awaitable<void> Linger();

  [[nodiscard]] ReadResult Judge(const boost::system::error_code& error);
  [[nodiscard]] ReadResult ParseHeader();
  [[nodiscard]] int CheckHeader();
  [[nodiscard]] std::uint64_t BodyLimit() const;
  ReadResult Refused(int status);
  void TakeRequest();
  void Report(bool handled) const;

  using Moment = std::chrono::steady_clock::time_point;

  // Cancels the socket's operations when the time is over, again and again until Disarm: one
  // cancellation could fall between two steps of a composed operation and be lost. The timer is
  // left alone where it wakes early enough: a request that is answered at once does not set it.
  void Arm(std::chrono::milliseconds time);
  void Disarm() { due_ = Moment::max(); }
  void WakeAt(Moment when);
  void MeetDeadline();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  Moment due_ = Moment::max();    // when the time is over
  Moment wakes_ = Moment::max();  // when deadline_ does
  bool timed_out_ = false;
  boost::asio::steady_timer promised_;  // an answer that comes later

  std::unique_ptr<TlsSession> tls_;
  const Peer peer_;
  const std::shared_ptr<const Service> service_;
  std::unique_ptr<Reader> reader_;
  bool first_request_ = true;
  bool idle_ = false;
  bool finishing_ = false;

  Request request_;
  Response response_;
  Framing framing_;
  std::string head_;
  std::string piece_;  // of a body that is made while it is sent
  std::string tail_;
  std::uint64_t sent_bytes_ = 0;  // of the body
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace promtally::web
