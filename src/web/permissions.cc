// SPDX-License-Identifier: Apache-2.0
#include "web/permissions.h"

#include <algorithm>
#include <utility>

#include "net/url.h"
#include "promtally/base/sha256.h"
#include "web/strict_json.h"

namespace promtally::web {
namespace {

constexpr std::size_t kDepth = 8;
constexpr std::size_t kMostKept = 10'000;
constexpr std::chrono::seconds kWarningPause{60};

std::string HashOf(const std::string& token) {
  base::FieldHasher hasher;
  const base::Digest digest = hasher.Add(token).Finish();
  return std::string(digest.begin(), digest.end());
}

}  // namespace

Permissions::Permissions(const config::OidcSettings& settings, std::shared_ptr<KeyStore> store,
                         KeyStore::Hooks hooks)
    : settings_(settings), store_(std::move(store)), hooks_(std::move(hooks)) {}

bool Permissions::Grants(const List& granted, config::AccessGroup group) const {
  const auto& wanted = settings_.uma.require[config::IndexOf(group)];
  return std::any_of(granted.begin(), granted.end(), [&wanted](const Granted& each) {
    if (!wanted) {
      return !each.scopes.empty();
    }
    const bool is_resource =
        wanted->resource == each.resource_name || wanted->resource == each.resource_id;
    return is_resource &&
           std::find(each.scopes.begin(), each.scopes.end(), wanted->scope) != each.scopes.end();
  });
}

void Permissions::Ask(const std::string& token, const Claims& claims, config::AccessGroup group,
                      base::Instant now, const Done& done) {
  const std::string key = HashOf(token);
  if (const auto kept = kept_.find(key); kept != kept_.end()) {
    if (hooks_.ticks() < kept->second.until) {
      done(Grants(kept->second.granted, group) ? TokenOutcome::kGood : TokenOutcome::kForbidden);
      return;
    }
    kept_.erase(kept);
  }
  Waiting& waiting = asking_[key];
  waiting.push_back([this, group, done](const Answer& answer) {
    const bool refused = answer.outcome == TokenOutcome::kGood && !Grants(answer.granted, group);
    done(refused ? TokenOutcome::kForbidden : answer.outcome);
  });
  if (waiting.size() > 1) {
    return;
  }
  const std::chrono::milliseconds life =
      std::min<base::Milliseconds>(settings_.uma.cache, claims.expires - now);
  // Weak, here and below: what waits for an answer must not keep alive whom it waits for.
  store_->FindTokenEndpoint(
      [weak = weak_from_this(), key, token, life](const std::optional<std::string>& endpoint) {
        const auto self = weak.lock();
        if (self == nullptr) {
          return;
        }
        if (endpoint) {
          self->Send(key, token, *endpoint, life);
        } else {
          self->Warn("the provider's token_endpoint is not known");
          self->Finish(key, Answer(), life);
        }
      });
}

void Permissions::Send(const std::string& key, const std::string& token,
                       const std::string& endpoint, std::chrono::milliseconds life) {
  const std::string& audience =
      settings_.uma.audience.empty() ? settings_.audience : settings_.uma.audience;
  FetchOrder order;
  order.url = endpoint;
  order.bearer = token;
  order.form = "grant_type=" + net::FormEncode("urn:ietf:params:oauth:grant-type:uma-ticket") +
               "&audience=" + net::FormEncode(audience) + "&response_mode=permissions";
  hooks_.fetch(std::move(order), [weak = weak_from_this(), key, life](const Fetched& fetched) {
    const auto self = weak.lock();
    if (self == nullptr) {
      return;
    }
    std::string problem;
    const Answer answer = Judge(fetched, &problem);
    if (!problem.empty()) {
      self->Warn(problem);
    }
    self->Finish(key, answer, life);
  });
}

/// `problem`: what an operator has to mend; a refusal is none.
Permissions::Answer Permissions::Judge(const Fetched& fetched, std::string* problem) {
  Answer answer;
  if (fetched.status == 200) {
    auto list = ReadList(fetched.body);
    if (list) {
      answer.outcome = TokenOutcome::kGood;
      answer.granted = *std::move(list);
    } else {
      *problem = "the answer is no list of permissions";
    }
    return answer;
  }
  const auto document = ParseStrictJson(fetched.body, kDepth);
  const std::string* const error = document ? document->FindText("error") : nullptr;
  const std::string code = error == nullptr ? std::string() : error->substr(0, 100);
  if (fetched.status == 400 || fetched.status == 403) {
    answer.outcome = TokenOutcome::kForbidden;
    if (code != "access_denied" && code != "invalid_grant") {
      *problem = "status " + std::to_string(fetched.status) + ", error " + code;
    }
  } else if (fetched.status == 401 && code == "invalid_grant") {
    answer.outcome = TokenOutcome::kBad;
  } else {
    *problem = fetched.status == 0 ? fetched.error
                                   : "status " + std::to_string(fetched.status) + ", error " + code;
  }
  return answer;
}

std::optional<Permissions::List> Permissions::ReadList(const std::string& body) {
  const auto document = ParseStrictJson(body, kDepth);
  if (!document || document->kind != JsonValue::Kind::kList) {
    return std::nullopt;
  }
  List list;
  for (const JsonValue& entry : document->items) {
    if (entry.kind != JsonValue::Kind::kObject) {
      return std::nullopt;
    }
    Granted& granted = list.emplace_back();
    if (const std::string* const id = entry.FindText("rsid"); id != nullptr) {
      granted.resource_id = *id;
    }
    if (const std::string* const name = entry.FindText("rsname"); name != nullptr) {
      granted.resource_name = *name;
    }
    if (const JsonValue* const scopes = entry.Find("scopes"); scopes != nullptr) {
      for (const JsonValue& scope : scopes->items) {
        if (scope.kind == JsonValue::Kind::kText) {
          granted.scopes.push_back(scope.text);
        }
      }
    }
  }
  return list;
}

void Permissions::Finish(const std::string& key, const Answer& answer,
                         std::chrono::milliseconds life) {
  if (answer.outcome == TokenOutcome::kGood && life.count() > 0) {
    if (kept_.size() >= kMostKept) {
      const KeyStore::Ticks now = hooks_.ticks();
      std::erase_if(kept_, [now](const auto& entry) { return entry.second.until <= now; });
    }
    if (kept_.size() < kMostKept) {
      kept_[key] = {hooks_.ticks() + life, answer.granted};
    }
  }
  const auto found = asking_.find(key);
  if (found == asking_.end()) {
    return;
  }
  const Waiting waiting = std::move(found->second);
  asking_.erase(found);
  for (const auto& each : waiting) {
    each(answer);
  }
}

void Permissions::Warn(const std::string& problem) {
  hooks_.count_fault();
  const KeyStore::Ticks now = hooks_.ticks();
  if (!last_warning_ || now - *last_warning_ >= kWarningPause) {
    last_warning_ = now;
    hooks_.warn("permission request: " + problem);
  }
}

}  // namespace promtally::web
