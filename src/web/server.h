// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "promtally/base/result.h"
#include "web/http.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

class TlsContext;

/// Bounds that keep one client from starving the others; 0 means none. What is over a bound gets an
/// answer that says so before the connection is closed.
struct ServerLimits {
  std::size_t connections = 512;                      ///< above: 503
  std::size_t connections_per_address = 64;           ///< above: 503
  std::chrono::milliseconds header_timeout{5000};     ///< the whole header; 408
  std::chrono::milliseconds body_timeout{30000};      ///< the whole body; 408
  std::chrono::milliseconds idle_timeout{60000};      ///< between two requests; closed silently
  std::chrono::milliseconds write_timeout{60000};     ///< the whole response
  std::uint32_t header_bytes = 16384;                 ///< 431
  std::size_t headers = 64;                           ///< 431
  std::size_t url_bytes = 8192;                       ///< 414
  std::uint64_t body_bytes = std::uint64_t{1} << 20;  ///< 413
  /// Of requests that are imports (ServerOptions::is_import); 413.
  std::uint64_t import_bytes = std::uint64_t{64} << 20;
};

struct ServerOptions {
  std::vector<std::string> listen{"localhost:9899"};  ///< see ParseListenAddress
  ServerLimits limits;
  std::string external_host;  ///< that loopback listeners take in Host, beside loopback names
  /// Sockets that listen already (socket activation), in the place of `listen`; the server owns
  /// them.
  std::vector<int> inherited;
  /// Asked for each connection; nullptr, here or as its answer: plain HTTP.
  std::function<std::shared_ptr<TlsContext>()> tls;
  /// Whether a request, of which only the header is there yet, may bring a large body.
  std::function<bool(const Request&)> is_import;
  /// Has the last word on every response, those included that refuse a request unread.
  std::function<void(Response&)> finish;
};

/// HTTP/1.0 and 1.1 with keep-alive and pipelining, over TLS where the options say so.
///
/// A request that is ambiguous (Content-Length twice or beside Transfer-Encoding, another transfer
/// coding than chunked, no Host or two) is 400, and the connection ends: two servers in a row must
/// never read it differently. On a listener that is bound to a loopback address a Host that is none
/// is 403 (DNS rebinding). HEAD is answered as GET without the body, so the handler treats both
/// alike.
///
/// Threads: the loop's, which must be one; addresses() after Start from any. The loop must outlive
/// the server; the handler is not called after ~Server.
class Server {
 public:
  Server(boost::asio::io_context& loop, ServerOptions options, Handler handler,
         Observer observer = {});
  /// Closes everything at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds all addresses and begins to accept. A name is bound at each of its addresses that the
  /// machine has; with port 0 they get one port together. kUnavailable or kParse: nothing is bound.
  [[nodiscard]] base::Status Start();

  /// Where it listens, with the real ports: `127.0.0.1:9899`, `[::1]:9899`.
  [[nodiscard]] const std::vector<std::string>& addresses() const;

  /// No new connections from now on; idle ones are closed, requests that have begun are answered
  /// with `Connection: close`, and what is left after `grace` is cut off. Returns at once; `done`
  /// is called on the loop thread when the last connection is gone. Only the first call counts.
  void Stop(std::chrono::milliseconds grace, std::function<void()> done = {});

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
