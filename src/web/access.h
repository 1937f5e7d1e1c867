// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "promtally/base/result.h"
#include "promtally/config/settings.h"
#include "web/http.h"

namespace promtally::web {

class Passwords;
class Provider;
class RateLimiter;
class WebFile;

/// What routes are grouped by when it is asked who may use them.
using Group = config::AccessGroup;

/// Who sent a request that was allowed.
struct Identity {
  std::string subject;  ///< of the token, or the user's name; empty: nobody was asked
  /// Usage scopes that it may read; absent: all.
  std::optional<std::vector<std::string>> scopes;
};

enum class RefusalReason {
  kNoToken,          ///< 401: neither token nor password where one is needed
  kBadToken,         ///< 401: one that is not taken
  kForbidden,        ///< 403: a good one that may not do this
  kNotConfigured,    ///< 403: nobody could be let in: neither tokens nor users are configured
  kForeignOrigin,    ///< 403: a page of another site sent it
  kTooManyFailures,  ///< 429: wrong passwords from this address
  kTooManyRequests,  ///< 429: rate_limit of web.yml
  kProviderSilent,   ///< 503: the provider gave no (usable) answer
};

struct Refusal {
  int status = 401;
  RefusalReason reason = RefusalReason::kNoToken;
  std::vector<std::pair<std::string, std::string>> headers;  ///< WWW-Authenticate, Retry-After
  std::string detail;                                        ///< a sentence for people, no secrets
};

using Verdict = tl::expected<Identity, Refusal>;

/// Decides who may use a group of routes: users and limits of web.yml, bearer tokens of the
/// configured issuer with `web.access` and, where it is on, the provider's permissions.
///
/// Threads: the loop's. Whatever was passed must outlive it.
class Access {
 public:
  using Answer = std::function<void(Verdict)>;

  struct Options {
    config::WebSettings settings;
    std::string external_host;  ///< that Origin may name beside the request's own host
    WebFile* file = nullptr;    ///< nullptr: neither users nor limits
    /// Makes what verifies tokens; called where tokens are configured.
    std::function<std::shared_ptr<Provider>(const config::OidcSettings&)> provider;
    std::shared_ptr<Passwords> passwords;
  };

  explicit Access(Options options);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  /// Answers once, on the loop thread: at once where it can (then before the function returns),
  /// else when a password has been compared or the provider has answered. Without a group (a path
  /// that is none of ours) only what holds for every path is asked: users, limits, origin.
  void Authorize(const Request& request, std::optional<Group> group, const Answer& answer);

  /// Takes settings that were read anew.
  void Configure(const config::WebSettings& settings);

  /// True where somebody is asked for a token or a password.
  [[nodiscard]] bool IsConfigured() const;

  /// Adds the headers that web.yml wants on every response.
  void AddHeaders(Response& response) const;

 private:
  [[nodiscard]] bool AsksForTokens() const;
  [[nodiscard]] bool IsLocal(const Request& request) const;
  [[nodiscard]] Refusal Unauthorized(RefusalReason reason, std::string detail,
                                     bool had_token) const;
  void CheckPassword(const Request& request, const std::string& credentials, const Answer& answer);
  void CheckToken(const std::string& token, std::optional<Group> group, const Answer& answer);

  Options options_;
  std::shared_ptr<Provider> provider_;
  std::shared_ptr<Provider> previous_provider_;  ///< before a reload: it may have answers to give
  std::unique_ptr<RateLimiter> limiter_;
};

/// True for a change (not GET, HEAD or OPTIONS) whose Origin is neither the host that the request
/// names nor `external_host`: a page of another site made a browser send it.
[[nodiscard]] bool IsForeignChange(const Request& request, const std::string& external_host);

/// A refusal as plain text, for routes that have no form of their own.
[[nodiscard]] Response RefusalResponse(const Refusal& refusal);

/// What a route answers to whoever was let in.
using GuardedAnswer = std::function<Response(const Request&, const Identity&)>;
using RefusalAnswer = std::function<Response(const Refusal&)>;

/// The one place where routes ask: `answer`'s response where `access` lets the request in, else
/// `refuse`'s; a response that comes later where the verdict does. `access` and what the functions
/// use must live until then.
[[nodiscard]] Response Guarded(Access& access, const Request& request, std::optional<Group> group,
                               const GuardedAnswer& answer,
                               const RefusalAnswer& refuse = RefusalResponse);

}  // namespace promtally::web
