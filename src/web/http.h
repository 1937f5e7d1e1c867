// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promtally::web {

/// A text that copies share: a body may be large, and is read on another thread at times.
/// Immutable.
class SharedText {
 public:
  SharedText() = default;
  explicit SharedText(std::string text)
      : text_(std::make_shared<const std::string>(std::move(text))) {}

  [[nodiscard]] const std::string& text() const {
    static const std::string kEmpty;
    return text_ == nullptr ? kEmpty : *text_;
  }

 private:
  std::shared_ptr<const std::string> text_;
};

/// A request whose header and body are complete and unambiguous. Immutable.
struct Request {
  std::string method;  ///< as sent: `GET`
  std::string path;    ///< without query, still percent-encoded; begins with `/`
  std::string query;   ///< behind `?`, still percent-encoded
  std::string host;    ///< of the Host header or an absolute target; may be empty under HTTP/1.0
  std::vector<std::pair<std::string, std::string>> headers;
  SharedText body;
  std::string remote_address;      ///< without port
  bool loopback_listener = false;  ///< came to an address that only this machine reaches
};

/// Of ASCII letters, as names of headers and schemes are compared.
[[nodiscard]] bool EqualsIgnoringCase(std::string_view a, std::string_view b);

/// True for a header of which each line ends with CR LF, none goes on in the next one (folding),
/// and no other CR, LF or NUL is inside: all servers in a row see the same lines.
[[nodiscard]] bool HasPlainLines(std::string_view head);

/// True for `Content_Length` and the like: a header that some server behind or before would take
/// for the one with dashes.
[[nodiscard]] bool IsDisguised(std::string_view header_name);

/// The first header of that name (upper and lower case are one), or nullptr.
[[nodiscard]] const std::string* FindHeader(const Request& request, std::string_view name);

class Deferral;

/// A body that is made while it is sent. Loop thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Appends the next piece to `out`; false: that was the last one. Pieces bound what a slow reader
  /// costs, 64 KiB are a good size.
  virtual bool Next(std::string& out) = 0;
};

/// A response. Its body is made of shared pieces, so that a page that many scrapes read is never
/// copied, or of what `source` makes. Content-Length, Transfer-Encoding, Date and Connection are
/// the server's.
struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::shared_ptr<const std::string>> body;
  std::shared_ptr<BodySource> source;  ///< in the place of `body`
  std::string route = "unmatched";     ///< template, for the self metrics; never sent
  /// Where the answer comes later: nothing of the above but `route` counts then.
  std::shared_ptr<Deferral> later;
};

/// An answer that is not there yet. Whoever promised it calls Resolve, once; the connection waits
/// for it. Loop thread only; what others hold of it may go on any.
class Deferral {
 public:
  void Resolve(Response response) {
    if (!response_) {
      response_ = std::move(response);
      if (on_resolved_) {
        on_resolved_();
      }
    }
  }
  [[nodiscard]] bool resolved() const { return response_.has_value(); }
  void OnResolved(std::function<void()> callback) { on_resolved_ = std::move(callback); }
  /// What it was resolved with; only once, and only when it was.
  [[nodiscard]] Response Take() { return *std::exchange(response_, std::nullopt); }

 private:
  std::optional<Response> response_;
  std::function<void()> on_resolved_;
};

/// Resolves `outer` with the response, also where that is itself one that comes later.
void ResolveWith(const std::shared_ptr<Deferral>& outer, Response response);

[[nodiscard]] Response TextResponse(int status, std::string text);
[[nodiscard]] std::uint64_t BodyBytes(const Response& response);
[[nodiscard]] std::string_view ReasonPhrase(int status);

/// What of a response is the connection's.
struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool chunked = false;          ///< the length is not known, the body goes in chunks
  std::chrono::sys_seconds now;  ///< for the Date header
};

/// Status line and headers up to the empty line. Control characters in header values become blanks,
/// so that no value can begin a header of its own.
[[nodiscard]] std::string RenderHead(const Response& response, const Framing& framing);

/// An exchange that is over, as the server saw it.
struct Exchange {
  std::string method;  ///< as sent, empty when the request could not be read
  std::string route;
  int status = 200;
  std::chrono::microseconds wall{0};  ///< from the complete header to the end of the response
  std::uint64_t bytes = 0;            ///< of the body that was sent
  bool handled = false;               ///< false: the server refused it without asking the handler
};

/// Answers a request. Called on the loop thread; must not block. An exception ends the loop's
/// run().
using Handler = std::function<Response(const Request&)>;
/// Told of every exchange; loop thread.
using Observer = std::function<void(const Exchange&)>;

}  // namespace promtally::web
