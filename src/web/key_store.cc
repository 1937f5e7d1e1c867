// SPDX-License-Identifier: Apache-2.0
#include "web/key_store.h"

#include <algorithm>
#include <utility>

#include "net/url.h"
#include "web/strict_json.h"

namespace promtally::web {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDiscoveryDepth = 16;
constexpr std::size_t kMostWaiting = 1000;
// Between tries while there are no keys at all.
constexpr milliseconds kRetryPause{1000};
// Keys are asked for again when this part of their greatest age is over.
constexpr int kBackgroundParts = 24;

std::string Trouble(const Fetched& fetched) {
  return fetched.status == 0 ? fetched.error : "status " + std::to_string(fetched.status);
}

}  // namespace

KeyStore::KeyStore(const config::OidcSettings& settings, Hooks hooks)
    : settings_(settings), hooks_(std::move(hooks)), jwks_url_(settings.jwks_url) {}

bool KeyStore::HasUsableKeys(Ticks now) const {
  return keys_ && now - fetched_ <= settings_.jwks_max_age;
}

bool KeyStore::MayAsk(const std::optional<Ticks>& last, milliseconds pause, Ticks now) const {
  return !last || now - *last >= pause;
}

void KeyStore::Find(const std::string& id, const Found& done) {
  const Ticks now = hooks_.ticks();
  const bool usable = HasUsableKeys(now);
  const SigningKey* const key = usable ? keys_->Find(id) : nullptr;
  if (key != nullptr) {
    const bool is_old = now - fetched_ >= settings_.jwks_max_age / kBackgroundParts;
    if (is_old && !refreshing_ && MayAsk(last_attempt_, settings_.jwks_min_refresh, now)) {
      const SigningKey copy = *key;
      StartRefresh(now);
      done(Outcome::kFound, &copy);
      return;
    }
    done(Outcome::kFound, key);
    return;
  }
  const bool may_ask =
      usable ? MayAsk(last_unknown_, settings_.jwks_min_refresh, now)
             : MayAsk(last_attempt_, std::min(settings_.jwks_min_refresh, kRetryPause), now);
  if ((!refreshing_ && !may_ask) || waiting_.size() >= kMostWaiting) {
    done(usable ? Outcome::kUnknown : Outcome::kSilent, nullptr);
    return;
  }
  waiting_.push_back({id, done});
  if (!refreshing_) {
    last_unknown_ = usable ? now : last_unknown_;
    StartRefresh(now);
  }
}

void KeyStore::Prefetch() {
  if (!refreshing_) {
    StartRefresh(hooks_.ticks());
  }
}

void KeyStore::StartRefresh(Ticks now) {
  refreshing_ = true;
  last_attempt_ = now;
  if (!settings_.jwks_url.empty()) {
    FetchKeys();
    return;
  }
  Discover([this](bool succeeded) {
    if (succeeded) {
      FetchKeys();
    } else {
      FinishRefresh(false);
    }
  });
}

void KeyStore::Discover(const std::function<void(bool)>& done) {
  discovering_.push_back(done);
  if (discovering_.size() > 1) {
    return;
  }
  last_discovery_ = hooks_.ticks();
  std::string url = settings_.issuer;
  while (url.ends_with('/')) {
    url.pop_back();
  }
  FetchOrder order;
  order.url = url + "/.well-known/openid-configuration";
  hooks_.fetch(std::move(order), [weak = weak_from_this()](const Fetched& fetched) {
    const auto self = weak.lock();
    if (self == nullptr) {
      return;
    }
    const std::string problem = self->TakeDiscovery(fetched);
    if (!problem.empty()) {
      self->hooks_.count_fault();
      self->hooks_.warn("discovery of " + self->settings_.issuer + ": " + problem);
    }
    for (const auto& each : std::exchange(self->discovering_, {})) {
      each(problem.empty());
    }
  });
}

/// What is wrong with the document; empty: it was taken.
std::string KeyStore::TakeDiscovery(const Fetched& fetched) {
  if (fetched.status != 200) {
    return Trouble(fetched);
  }
  const auto document = ParseStrictJson(fetched.body, kDiscoveryDepth);
  const std::string* const issuer = document ? document->FindText("issuer") : nullptr;
  const std::string* const keys = document ? document->FindText("jwks_uri") : nullptr;
  const std::string* const tokens = document ? document->FindText("token_endpoint") : nullptr;
  if (issuer == nullptr || *issuer != settings_.issuer) {
    return "the document is of another issuer than web.oidc.issuer";
  }
  if (settings_.jwks_url.empty()) {
    if (keys == nullptr || !IsTrustedUrl(*keys)) {
      return "jwks_uri is missing or no https URL";
    }
    jwks_url_ = *keys;
  }
  if (tokens != nullptr && IsTrustedUrl(*tokens)) {
    token_endpoint_ = *tokens;
  }
  return {};
}

/// https; or http on this machine, where the issuer is that as well.
bool KeyStore::IsTrustedUrl(const std::string& url) const {
  const auto origin = net::ParseOrigin(url);
  const auto issuer = net::ParseOrigin(settings_.issuer);
  return origin && issuer &&
         (origin->scheme == "https" || (issuer->scheme == "http" && net::IsLoopbackUrl(url)));
}

void KeyStore::FetchKeys() {
  FetchOrder order;
  order.url = jwks_url_;
  hooks_.fetch(std::move(order), [weak = weak_from_this()](const Fetched& fetched) {
    if (const auto self = weak.lock()) {
      self->TakeKeys(fetched);
    }
  });
}

void KeyStore::TakeKeys(const Fetched& fetched) {
  if (fetched.status != 200) {
    hooks_.count_fault();
    hooks_.warn("keys of " + jwks_url_ + ": " + Trouble(fetched));
    FinishRefresh(false);
    return;
  }
  auto set = ParseKeySet(fetched.body);
  // An empty list is more likely a fault than the end of all keys: the ones that are there stay.
  if (!set || set->keys.empty()) {
    hooks_.count_fault();
    hooks_.warn("keys of " + jwks_url_ + ": " +
                (!set                   ? set.error().message
                 : set->skipped.empty() ? "there are none"
                                        : "none can be used; " + set->skipped.front()));
    FinishRefresh(false);
    return;
  }
  keys_ = *std::move(set);
  fetched_ = hooks_.ticks();
  FinishRefresh(true);
}

void KeyStore::FinishRefresh(bool succeeded) {
  refreshing_ = false;
  const bool usable = HasUsableKeys(hooks_.ticks());
  for (const Waiting& each : std::exchange(waiting_, {})) {
    const SigningKey* const key = usable ? keys_->Find(each.id) : nullptr;
    if (key != nullptr) {
      const SigningKey copy = *key;  // an answer may cause another refresh
      each.done(Outcome::kFound, &copy);
    } else {
      each.done(succeeded ? Outcome::kUnknown : Outcome::kSilent, nullptr);
    }
  }
}

void KeyStore::FindTokenEndpoint(const Endpoint& done) {
  const auto known = [this]() -> std::optional<std::string> {
    return token_endpoint_.empty() ? std::nullopt : std::optional(token_endpoint_);
  };
  if (!token_endpoint_.empty()) {
    done(known());
  } else if (discovering_.empty() && !MayAsk(last_discovery_, kRetryPause, hooks_.ticks())) {
    done(std::nullopt);
  } else {
    Discover([known, done](bool) { done(known()); });
  }
}

}  // namespace promtally::web
