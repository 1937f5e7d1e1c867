// SPDX-License-Identifier: Apache-2.0
#include "web/access.h"

#include <algorithm>
#include <string_view>

#include "web/authorization.h"
#include "web/passwords.h"
#include "web/provider.h"
#include "web/rate_limiter.h"
#include "web/web_file.h"

namespace promtally::web {
namespace {

constexpr const char* kChallenge = R"(Bearer realm="promtally")";
constexpr const char* kRetrySoon = "5";

tl::unexpected<Refusal> Refuse(int status, RefusalReason reason, std::string detail) {
  Refusal refusal;
  refusal.status = status;
  refusal.reason = reason;
  refusal.detail = std::move(detail);
  return tl::unexpected(std::move(refusal));
}

Refusal Forbidden() {
  Refusal refusal;
  refusal.status = 403;
  refusal.reason = RefusalReason::kForbidden;
  refusal.headers.emplace_back("WWW-Authenticate",
                               std::string(kChallenge) + R"(, error="insufficient_scope")");
  refusal.detail = "the token may not do this";
  return refusal;
}

Refusal ProviderSilent() {
  Refusal refusal;
  refusal.status = 503;
  refusal.reason = RefusalReason::kProviderSilent;
  refusal.headers.emplace_back("Retry-After", kRetrySoon);
  refusal.detail = "the identity provider gives no usable answer";
  return refusal;
}

bool MayUse(const Claims& claims, const std::optional<std::vector<config::Grant>>& grants) {
  if (!grants) {
    return true;
  }
  return std::any_of(grants->begin(), grants->end(), [&claims](const config::Grant& grant) {
    const auto& names =
        grant.kind == config::Grant::Kind::kRole ? claims.roles : claims.scope_words;
    return std::find(names.begin(), names.end(), grant.name) != names.end();
  });
}

Identity IdentityOf(const Claims& claims) {
  Identity identity;
  identity.subject = claims.subject;
  identity.scopes = claims.usage_scopes;
  return identity;
}

}  // namespace

Access::Access(Options options)
    : options_(std::move(options)), limiter_(std::make_unique<RateLimiter>()) {
  Configure(options_.settings);
}

Access::~Access() = default;

void Access::Configure(const config::WebSettings& settings) {
  const bool has_changed = provider_ == nullptr || settings.oidc != options_.settings.oidc;
  options_.settings = settings;
  if (AsksForTokens() && !has_changed) {
    return;
  }
  previous_provider_ = std::exchange(
      provider_, AsksForTokens() ? options_.provider(*options_.settings.oidc) : nullptr);
}

bool Access::AsksForTokens() const {
  return options_.settings.oidc.has_value() &&
         options_.settings.authentication != config::Authentication::kNone;
}

bool Access::IsConfigured() const {
  return AsksForTokens() || (options_.file != nullptr && !options_.file->Current().users.empty());
}

bool Access::IsLocal(const Request& request) const {
  return request.loopback_listener && FindHeader(request, "Forwarded") == nullptr &&
         FindHeader(request, "X-Forwarded-For") == nullptr;
}

void Access::AddHeaders(Response& response) const {
  if (options_.file != nullptr) {
    for (const auto& header : options_.file->Current().headers) {
      const auto same = std::find_if(
          response.headers.begin(), response.headers.end(),
          [&header](const auto& each) { return EqualsIgnoringCase(each.first, header.first); });
      if (same == response.headers.end()) {
        response.headers.push_back(header);
      }
    }
  }
}

Refusal Access::Unauthorized(RefusalReason reason, std::string detail, bool had_token) const {
  Refusal refusal;
  refusal.reason = reason;
  refusal.detail = std::move(detail);
  if (AsksForTokens()) {
    refusal.headers.emplace_back("WWW-Authenticate",
                                 had_token ? std::string(kChallenge) + R"(, error="invalid_token")"
                                           : std::string(kChallenge));
  }
  if (options_.file != nullptr && !options_.file->Current().users.empty()) {
    refusal.headers.emplace_back("WWW-Authenticate", "Basic");
  }
  return refusal;
}

void Access::Authorize(const Request& request, std::optional<Group> group, const Answer& answer) {
  if (IsForeignChange(request, options_.external_host)) {
    answer(Refuse(403, RefusalReason::kForeignOrigin, "a page of another site sent this request"));
    return;
  }
  if (group == Group::kHealth) {
    answer(Identity());
    return;
  }
  const config::WebConfig none;
  const config::WebConfig& file = options_.file == nullptr ? none : options_.file->Current();
  if (file.rate_limit && !limiter_->Take(*file.rate_limit, std::chrono::steady_clock::now())) {
    auto refusal = Refuse(429, RefusalReason::kTooManyRequests, "too many requests");
    refusal.value().headers.emplace_back("Retry-After", "1");
    answer(std::move(refusal));
    return;
  }
  const config::WebSettings& settings = options_.settings;
  const bool has_users = !file.users.empty();
  const bool is_open = !group || settings.access.open[config::IndexOf(*group)];
  if (!has_users && (is_open || settings.authentication == config::Authentication::kNone)) {
    answer(Identity());
    return;
  }
  if (!has_users && !AsksForTokens()) {
    if (settings.authentication == config::Authentication::kAuto && IsLocal(request)) {
      answer(Identity());
    } else {
      answer(Refuse(403, RefusalReason::kNotConfigured,
                    "nobody is let in here: configure web.oidc, or basic_auth_users in the file of "
                    "web.config_file (web.authentication: none opens it to everybody)"));
    }
    return;
  }
  const Authorization authorization = ParseAuthorization(request);
  if (authorization.scheme == AuthorizationScheme::kBasic && has_users) {
    CheckPassword(request, authorization.credentials, answer);
  } else if (authorization.scheme == AuthorizationScheme::kBearer && AsksForTokens()) {
    CheckToken(authorization.credentials, is_open ? std::nullopt : group, answer);
  } else if (authorization.scheme == AuthorizationScheme::kNone) {
    answer(tl::unexpected(
        Unauthorized(RefusalReason::kNoToken, "no credentials came with the request", false)));
  } else {
    answer(tl::unexpected(Unauthorized(
        RefusalReason::kBadToken, "the Authorization header has a form that is not taken", false)));
  }
}

void Access::CheckPassword(const Request& request, const std::string& credentials,
                           const Answer& answer) {
  const auto pair = ParseBasicCredentials(credentials);
  if (!pair) {
    answer(tl::unexpected(
        Unauthorized(RefusalReason::kBadToken, "the credentials cannot be read", false)));
    return;
  }
  PasswordQuestion question;
  question.user = pair->first;
  question.password = pair->second;
  question.address = request.remote_address;
  options_.passwords->Check(
      std::move(question), options_.file->Current().users,
      [this, answer, user = pair->first](PasswordVerdict verdict, base::Seconds wait) {
        Identity identity;
        identity.subject = user;
        switch (verdict) {
          case PasswordVerdict::kGood:
            answer(identity);
            return;
          case PasswordVerdict::kWrong:
            answer(tl::unexpected(
                Unauthorized(RefusalReason::kBadToken, "unknown user or wrong password", false)));
            return;
          case PasswordVerdict::kTooMany:
            break;
        }
        auto refusal = Refuse(429, RefusalReason::kTooManyFailures,
                              "too many wrong passwords from this address");
        refusal.value().headers.emplace_back("Retry-After", std::to_string(wait.count()));
        answer(std::move(refusal));
      });
}

void Access::CheckToken(const std::string& token, std::optional<Group> group,
                        const Answer& answer) {
  // What holds when the question was put holds for its answer, whatever is loaded in between.
  const auto grants =
      group ? options_.settings.access.grants[config::IndexOf(*group)] : std::nullopt;
  const bool asks_provider = group && options_.settings.oidc->uma.enabled;
  // Weak: the provider keeps this until it answers.
  provider_->Verify(token, [this, weak = std::weak_ptr(provider_), token, group, grants,
                            asks_provider, answer](const TokenVerdict& verdict) {
    if (verdict.outcome == TokenOutcome::kSilent) {
      answer(tl::unexpected(ProviderSilent()));
      return;
    }
    if (verdict.outcome != TokenOutcome::kGood) {
      answer(
          tl::unexpected(Unauthorized(RefusalReason::kBadToken, "the token is not valid", true)));
      return;
    }
    const Claims& claims = verdict.claims;
    if (!MayUse(claims, grants)) {
      answer(tl::unexpected(Forbidden()));
      return;
    }
    if (!asks_provider) {
      answer(IdentityOf(claims));
      return;
    }
    const auto provider = weak.lock();
    if (provider == nullptr) {
      answer(tl::unexpected(ProviderSilent()));
      return;
    }
    provider->AskPermission(token, claims, *group, [this, answer, claims](TokenOutcome outcome) {
      switch (outcome) {
        case TokenOutcome::kGood:
          answer(IdentityOf(claims));
          return;
        case TokenOutcome::kForbidden:
          answer(tl::unexpected(Forbidden()));
          return;
        case TokenOutcome::kBad:
          answer(tl::unexpected(
              Unauthorized(RefusalReason::kBadToken, "the provider refuses the token", true)));
          return;
        case TokenOutcome::kSilent:
          answer(tl::unexpected(ProviderSilent()));
          return;
      }
    });
  });
}

Response RefusalResponse(const Refusal& refusal) {
  Response response = TextResponse(refusal.status, refusal.detail + "\n");
  response.headers = refusal.headers;
  return response;
}

Response Guarded(Access& access, const Request& request, std::optional<Group> group,
                 const GuardedAnswer& answer, const RefusalAnswer& refuse) {
  struct Pending {
    std::optional<Response> response;  // there at once
    std::optional<Request> request;    // a copy, for an answer that comes later
    std::shared_ptr<Deferral> later;
  };
  const auto pending = std::make_shared<Pending>();
  access.Authorize(request, group, [pending, answer, refuse, &request](const Verdict& verdict) {
    const bool is_late = pending->later != nullptr;
    const Request& asked = is_late ? *pending->request : request;
    Response response = verdict ? answer(asked, *verdict) : refuse(verdict.error());
    if (!is_late) {
      pending->response = std::move(response);
      return;
    }
    ResolveWith(pending->later, std::move(response));
  });
  if (pending->response) {
    return *std::move(pending->response);
  }
  pending->request = request;
  pending->later = std::make_shared<Deferral>();
  Response response;
  response.later = pending->later;
  return response;
}

}  // namespace promtally::web
