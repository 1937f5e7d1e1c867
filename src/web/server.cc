// SPDX-License-Identifier: Apache-2.0
#include "web/server.h"

#include <exception>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include "web/connection.h"
#include "web/listen_address.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Refusals under way at a time; above, a connection is closed without a word.
constexpr std::size_t kMaxRefusals = 64;
// After an accept failed, for example for want of descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::string ToText(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

// Exceptions (no memory, a defect) end the loop's run().
void RethrowIfAny(const std::exception_ptr& exception) {
  if (exception) {
    std::rethrow_exception(exception);
  }
}

std::vector<tcp::endpoint> EndpointsOf(asio::io_context& loop, const ListenAddress& address,
                                       error_code& error) {
  if (address.host.empty()) {
    return {tcp::endpoint(tcp::v6(), address.port), tcp::endpoint(tcp::v4(), address.port)};
  }
  tcp::resolver resolver(loop);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) {
    endpoints.push_back(entry.endpoint());
  }
  return endpoints;
}

void Bind(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, error_code& error) {
  acceptor.open(endpoint.protocol(), error);
  if (error) {
    return;
  }
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (endpoint.address().is_v6()) {
    // Each address family has its own socket, whatever the machine's default is.
    acceptor.set_option(asio::ip::v6_only(true), error);
  }
  acceptor.bind(endpoint, error);
  if (!error) {
    acceptor.listen(tcp::acceptor::max_listen_connections, error);
  }
}

bool MachineLacksAddress(const error_code& error) {
  return error == asio::error::address_family_not_supported ||
         error == error_code(EADDRNOTAVAIL, boost::system::system_category());
}

}  // namespace

struct Server::State {
  State(asio::io_context& its_loop, ServerOptions its_options, Handler handler, Observer observer)
      : loop(its_loop), options(std::move(its_options)), grace_over(its_loop) {
    service->limits = options.limits;
    service->external_host = options.external_host;
    service->handler = std::move(handler);
    service->observer = std::move(observer);
    service->is_import = options.is_import;
    service->finish = options.finish;
  }

  base::Status Listen(const std::string& text);
  base::Status Adopt(int descriptor);
  base::Status ListenToAll();
  [[nodiscard]] bool HasRoomFor(const asio::ip::address& remote) const;
  void CloseAcceptors();
  void AbortAll();
  void TellWhenDone();

  // A connection's place; it is free again when the coroutine ends, however it ends.
  class Seat {
   public:
    Seat(State& state, Connection& connection, asio::ip::address remote, bool refused);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    State& state_;
    Connection& connection_;
    const asio::ip::address remote_;
    const bool refused_;
  };

  // Parameters by value: they live in the coroutine's frame.
  static asio::awaitable<void> Accept(std::shared_ptr<State> state,
                                      std::shared_ptr<tcp::acceptor> acceptor);
  static asio::awaitable<void> Run(std::shared_ptr<State> state, tcp::socket socket,
                                   bool loopback_listener);

  asio::io_context& loop;
  const ServerOptions options;
  const std::shared_ptr<Service> service = std::make_shared<Service>();
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::vector<std::string> addresses;

  std::unordered_set<Connection*> connections;  // with those that are being refused
  std::map<asio::ip::address, std::size_t> per_address;
  std::size_t refusals = 0;

  bool stopping = false;
  asio::steady_timer grace_over;
  std::function<void()> done;
};

Server::State::Seat::Seat(State& state, Connection& connection, asio::ip::address remote,
                          bool refused)
    : state_(state), connection_(connection), remote_(std::move(remote)), refused_(refused) {
  state_.connections.insert(&connection_);
  if (refused_) {
    ++state_.refusals;
  } else {
    ++state_.per_address[remote_];
  }
}

Server::State::Seat::~Seat() {
  state_.connections.erase(&connection_);
  if (refused_) {
    --state_.refusals;
  } else if (--state_.per_address[remote_] == 0) {
    state_.per_address.erase(remote_);
  }
  state_.TellWhenDone();
}

base::Status Server::State::Listen(const std::string& text) {
  auto address = ParseListenAddress(text);
  if (!address) {
    return tl::unexpected(address.error());
  }
  error_code error;
  const auto endpoints = EndpointsOf(loop, *address, error);
  std::uint16_t port = address->port;
  std::size_t bound = 0;
  for (tcp::endpoint endpoint : endpoints) {
    endpoint.port(port);
    const auto acceptor = std::make_shared<tcp::acceptor>(loop);
    Bind(*acceptor, endpoint, error);
    // A name may have addresses that the machine lacks (::1 without IPv6); a port that was chosen
    // for the first address may be taken on the next one.
    const bool is_dispensable = MachineLacksAddress(error) || (bound > 0 && address->port == 0);
    if (error && !is_dispensable) {
      break;
    }
    if (!error) {
      port = acceptor->local_endpoint().port();
      addresses.push_back(ToText(acceptor->local_endpoint()));
      acceptors.push_back(acceptor);
      ++bound;
    }
    if (bound > 0) {
      error.clear();
    }
  }
  if (error) {
    return base::Fail(base::ErrorCode::kUnavailable, "listen on " + text + ": " + error.message());
  }
  return {};
}

bool Server::State::HasRoomFor(const asio::ip::address& remote) const {
  const ServerLimits& limits = options.limits;
  if (limits.connections > 0 && connections.size() - refusals >= limits.connections) {
    return false;
  }
  const auto found = per_address.find(remote);
  const std::size_t count = found == per_address.end() ? 0 : found->second;
  return limits.connections_per_address == 0 || count < limits.connections_per_address;
}

void Server::State::CloseAcceptors() {
  for (const auto& acceptor : acceptors) {
    error_code ignored;
    acceptor->close(ignored);
  }
}

void Server::State::AbortAll() {
  for (Connection* connection : connections) {
    connection->Abort();
  }
}

void Server::State::TellWhenDone() {
  if (!stopping || !connections.empty()) {
    return;
  }
  grace_over.cancel();
  if (const auto tell = std::exchange(done, nullptr)) {
    tell();
  }
}

asio::awaitable<void> Server::State::Accept(std::shared_ptr<State> state,
                                            std::shared_ptr<tcp::acceptor> acceptor) {
  error_code local_error;
  const auto local = acceptor->local_endpoint(local_error);
  const bool loopback_listener = local.address().is_loopback();
  asio::steady_timer pause(state->loop);
  while (!state->stopping) {
    auto accepted = co_await acceptor->async_accept(kAwait);
    const error_code error = std::get<0>(accepted);
    if (state->stopping || error == asio::error::operation_aborted) {
      break;
    }
    if (error) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAwait);
      continue;
    }
    asio::co_spawn(state->loop, Run(state, std::move(std::get<1>(accepted)), loopback_listener),
                   RethrowIfAny);
  }
}

asio::awaitable<void> Server::State::Run(std::shared_ptr<State> state, tcp::socket socket,
                                         bool loopback_listener) {
  error_code error;
  const auto remote = socket.remote_endpoint(error).address();
  const bool refused = !state->HasRoomFor(remote);
  if (error || state->stopping || (refused && state->refusals >= kMaxRefusals)) {
    co_return;
  }
  socket.set_option(tcp::no_delay(true), error);
  Peer peer;
  peer.remote_address = remote.to_string();
  peer.loopback_listener = loopback_listener;
  peer.tls = state->options.tls ? state->options.tls() : nullptr;
  const auto connection =
      std::make_shared<Connection>(std::move(socket), std::move(peer), state->service);
  const Seat seat(*state, *connection, remote, refused);
  if (refused) {
    co_await connection->Refuse(503);
  } else {
    co_await connection->Serve();
  }
}

Server::Server(asio::io_context& loop, ServerOptions options, Handler handler, Observer observer)
    : state_(std::make_shared<State>(loop, std::move(options), std::move(handler),
                                     std::move(observer))) {}

Server::~Server() {
  state_->stopping = true;
  state_->done = nullptr;
  state_->service->handler = nullptr;
  state_->service->observer = nullptr;
  state_->service->is_import = nullptr;
  state_->service->finish = nullptr;
  state_->grace_over.cancel();
  state_->CloseAcceptors();
  state_->AbortAll();
}

base::Status Server::State::Adopt(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  error_code error;
  const auto acceptor = std::make_shared<tcp::acceptor>(loop);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      (address.ss_family != AF_INET && address.ss_family != AF_INET6)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the inherited descriptor " + std::to_string(descriptor) +
                          " is no TCP socket: name an address and port in the socket unit");
  }
  acceptor->assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
  if (error) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "cannot use the inherited socket: " + error.message());
  }
  addresses.push_back(ToText(acceptor->local_endpoint()));
  acceptors.push_back(acceptor);
  return {};
}

base::Status Server::State::ListenToAll() {
  for (const int descriptor : options.inherited) {
    if (auto adopted = Adopt(descriptor); !adopted) {
      return adopted;
    }
  }
  for (const std::string& text :
       options.inherited.empty() ? options.listen : std::vector<std::string>()) {
    if (auto listening = Listen(text); !listening) {
      return listening;
    }
  }
  return {};
}

base::Status Server::Start() {
  if (auto listening = state_->ListenToAll(); !listening) {
    state_->CloseAcceptors();
    state_->acceptors.clear();
    state_->addresses.clear();
    return listening;
  }
  for (const auto& acceptor : state_->acceptors) {
    asio::co_spawn(state_->loop, State::Accept(state_, acceptor), RethrowIfAny);
  }
  return {};
}

const std::vector<std::string>& Server::addresses() const { return state_->addresses; }

void Server::Stop(std::chrono::milliseconds grace, std::function<void()> done) {
  if (state_->stopping) {
    return;
  }
  state_->stopping = true;
  state_->done = std::move(done);
  state_->CloseAcceptors();
  for (Connection* connection : state_->connections) {
    connection->FinishSoon();
  }
  state_->grace_over.expires_after(grace);
  state_->grace_over.async_wait([state = state_](const error_code& error) {
    if (!error) {
      state->AbortAll();
    }
  });
  asio::post(state_->loop, [state = state_] { state->TellWhenDone(); });
}

}  // namespace promtally::web
