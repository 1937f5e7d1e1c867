// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/address.h"
#include "config/settings_reader.h"

namespace promtally::config {
namespace {

constexpr base::Milliseconds kMostLeeway{60000};
constexpr base::Milliseconds kMostUmaCache{60000};
constexpr base::Milliseconds kLeastRefresh{1000};

void ReadName(ValueReader& reader, const Node& value, std::string& target) {
  target = reader.NonEmptyText(value).value_or(target);
}

/// A duration within bounds; the message names them.
void ReadBounded(ValueReader& reader, const Node& value, base::Milliseconds least,
                 base::Milliseconds most, base::Milliseconds& target) {
  const auto duration = reader.Duration(value);
  if (duration && (*duration < least || *duration > most)) {
    reader.Wrong(value, "must be from " + base::ToText(least) + " to " + base::ToText(most));
  } else {
    target = duration.value_or(target);
  }
}

/// A URL that secrets and keys may come through: https, or http to this machine. Kept as written:
/// an issuer is compared letter by letter.
void ReadProviderUrl(ValueReader& reader, const Node& value, std::string& target) {
  const std::optional<std::string> url = reader.NonEmptyText(value);
  if (!url) {
    return;
  }
  const UrlProblem problem = CheckUrl(*url);
  if (problem.has_user) {
    reader.problems().Hide(value.place, value.quoted ? std::string::npos : value.text.size());
  }
  if (!problem.message.empty()) {
    reader.Wrong(value, problem.message, problem.hint);
  } else if (!EqualIgnoringCase(url->substr(0, 8), "https://") && !HasLoopbackHost(*url)) {
    reader.Wrong(value, "must be an https URL", "http is taken for a loopback host only");
  } else {
    target = *url;
  }
}

void ReadAlgorithms(ValueReader& reader, const Node& value, OidcSettings& oidc) {
  if (!reader.IsList(value, "algorithms")) {
    return;
  }
  std::vector<std::string> algorithms;
  for (const Node* const item : value.items) {
    if (auto word = reader.OneOf(*item, {"RS256", "PS256", "ES256", "EdDSA"})) {
      algorithms.push_back(*std::move(word));
    }
  }
  if (value.items.empty()) {
    reader.Wrong(value, "must name at least one algorithm", "RS256, PS256, ES256 or EdDSA");
  } else {
    oidc.algorithms = std::move(algorithms);
  }
}

template <AccessGroup kGroup>
void ReadPermission(ValueReader& reader, const Node& value, UmaSettings& uma) {
  const std::optional<std::string> text = reader.NonEmptyText(value);
  if (!text) {
    return;
  }
  const std::size_t mark = text->find('#');
  if (mark == std::string::npos || mark == 0 || mark + 1 == text->size() ||
      text->find('#', mark + 1) != std::string::npos) {
    reader.Wrong(value, "must be resource#scope", "such as \"metrics#metrics:write\", in quotes");
    return;
  }
  uma.require[IndexOf(kGroup)] = Permission{text->substr(0, mark), text->substr(mark + 1)};
}

constexpr std::array<Field<UmaSettings>, 5> kRequire{{
    {"metrics", ReadPermission<AccessGroup::kMetrics>},
    {"docs", ReadPermission<AccessGroup::kDocs>},
    {"read", ReadPermission<AccessGroup::kRead>},
    {"write", ReadPermission<AccessGroup::kWrite>},
    {"admin", ReadPermission<AccessGroup::kAdmin>},
}};

constexpr std::array<Field<UmaSettings>, 4> kUma{{
    {"enabled", [](ValueReader& reader, const Node& value,
                   UmaSettings& uma) { uma.enabled = reader.Bool(value).value_or(false); }},
    {"audience", [](ValueReader& reader, const Node& value,
                    UmaSettings& uma) { ReadName(reader, value, uma.audience); }},
    {"cache",
     [](ValueReader& reader, const Node& value, UmaSettings& uma) {
       ReadBounded(reader, value, base::Milliseconds(0), kMostUmaCache, uma.cache);
     }},
    {"require",
     [](ValueReader& reader, const Node& value, UmaSettings& uma) {
       if (reader.IsMap(value)) {
         reader.ReadMap<UmaSettings>(value, "web.oidc.uma.require", {kRequire}, uma);
       }
     }},
}};

constexpr std::array<Field<OidcSettings>, 11> kOidc{{
    {"issuer", [](ValueReader& reader, const Node& value,
                  OidcSettings& oidc) { ReadProviderUrl(reader, value, oidc.issuer); }},
    {"jwks_url", [](ValueReader& reader, const Node& value,
                    OidcSettings& oidc) { ReadProviderUrl(reader, value, oidc.jwks_url); }},
    {"audience", [](ValueReader& reader, const Node& value,
                    OidcSettings& oidc) { ReadName(reader, value, oidc.audience); }},
    {"algorithms", ReadAlgorithms},
    {"leeway",
     [](ValueReader& reader, const Node& value, OidcSettings& oidc) {
       ReadBounded(reader, value, base::Milliseconds(0), kMostLeeway, oidc.leeway);
     }},
    {"jwks_max_age",
     [](ValueReader& reader, const Node& value, OidcSettings& oidc) {
       ReadBounded(reader, value, kLeastRefresh, std::chrono::hours(24), oidc.jwks_max_age);
     }},
    {"jwks_min_refresh",
     [](ValueReader& reader, const Node& value, OidcSettings& oidc) {
       ReadBounded(reader, value, kLeastRefresh, std::chrono::hours(1), oidc.jwks_min_refresh);
     }},
    {"ca_file", [](ValueReader& reader, const Node& value,
                   OidcSettings& oidc) { ReadName(reader, value, oidc.ca_file); }},
    {"roles_claim", [](ValueReader& reader, const Node& value,
                       OidcSettings& oidc) { ReadName(reader, value, oidc.roles_claim); }},
    {"scopes_claim", [](ValueReader& reader, const Node& value,
                        OidcSettings& oidc) { ReadName(reader, value, oidc.scopes_claim); }},
    {"uma",
     [](ValueReader& reader, const Node& value, OidcSettings& oidc) {
       if (reader.IsMap(value)) {
         reader.ReadMap<UmaSettings>(value, "web.oidc.uma", {kUma}, oidc.uma);
       }
     }},
}};

void ReadPublic(ValueReader& reader, const Node& value, AccessSettings& access) {
  static const std::vector<std::string_view> kNames(kAccessGroupNames.begin(),
                                                    kAccessGroupNames.end());
  if (!reader.IsList(value, "groups")) {
    return;
  }
  access.open.fill(false);
  access.open[IndexOf(AccessGroup::kHealth)] = true;  // it never needs a token
  for (const Node* const item : value.items) {
    if (const auto name = reader.OneOf(*item, kNames)) {
      const auto at = std::find(kNames.begin(), kNames.end(), *name);
      access.open[static_cast<std::size_t>(at - kNames.begin())] = true;
    }
  }
}

std::optional<Grant> ParseGrant(const std::string& text) {
  constexpr std::string_view kRole = "role:";
  constexpr std::string_view kScope = "scope:";
  if (text.starts_with(kRole) && text.size() > kRole.size()) {
    return Grant{Grant::Kind::kRole, text.substr(kRole.size())};
  }
  // A scope with a blank inside could never be one word of the claim.
  if (text.starts_with(kScope) && text.size() > kScope.size() &&
      text.find(' ') == std::string::npos) {
    return Grant{Grant::Kind::kScope, text.substr(kScope.size())};
  }
  return std::nullopt;
}

template <AccessGroup kGroup>
void ReadGrants(ValueReader& reader, const Node& value, AccessSettings& access) {
  if (!reader.IsList(value, "role:NAME or scope:NAME")) {
    return;
  }
  std::vector<Grant> grants;
  for (const Node* const item : value.items) {
    const std::optional<std::string> text = reader.NonEmptyText(*item);
    if (!text) {
      continue;
    }
    if (auto grant = ParseGrant(*text)) {
      grants.push_back(*std::move(grant));
    } else {
      reader.Wrong(*item, "must be role:NAME or scope:NAME, which " + Quoted(*text) + " is not");
    }
  }
  access.grants[IndexOf(kGroup)] = std::move(grants);
}

constexpr std::array<Field<AccessSettings>, 6> kAccess{{
    {"public", ReadPublic},
    {"metrics", ReadGrants<AccessGroup::kMetrics>},
    {"docs", ReadGrants<AccessGroup::kDocs>},
    {"read", ReadGrants<AccessGroup::kRead>},
    {"write", ReadGrants<AccessGroup::kWrite>},
    {"admin", ReadGrants<AccessGroup::kAdmin>},
}};

}  // namespace

void ReadConfigFile(ValueReader& reader, const Node& value, WebSettings& web) {
  ReadName(reader, value, web.config_file);
}

void ReadAuthentication(ValueReader& reader, const Node& value, WebSettings& web) {
  if (const auto word = reader.OneOf(value, {"auto", "required", "none"})) {
    web.authentication = *word == "auto"       ? Authentication::kAuto
                         : *word == "required" ? Authentication::kRequired
                                               : Authentication::kNone;
  }
}

void ReadOidc(ValueReader& reader, const Node& value, WebSettings& web) {
  if (!reader.IsMap(value)) {
    return;
  }
  OidcSettings oidc;
  reader.ReadMap<OidcSettings>(value, "web.oidc", {kOidc}, oidc);
  for (const std::string_view key : {"issuer", "audience"}) {
    if (Find(value, key) == nullptr) {
      reader.Wrong(value, "has no " + Quoted(key),
                   "tokens are only taken from a known issuer, for a known audience");
    }
  }
  web.oidc = std::move(oidc);
}

void ReadAccess(ValueReader& reader, const Node& value, WebSettings& web) {
  if (reader.IsMap(value)) {
    reader.ReadMap<AccessSettings>(value, "web.access", {kAccess}, web.access);
  }
}

void AppendAccessKeys(std::vector<std::string>& keys) {
  AppendKeys<OidcSettings>("web.oidc.", kOidc, keys);
  AppendKeys<UmaSettings>("web.oidc.uma.", kUma, keys);
  AppendKeys<UmaSettings>("web.oidc.uma.require.", kRequire, keys);
  AppendKeys<AccessSettings>("web.access.", kAccess, keys);
}

}  // namespace promtally::config
