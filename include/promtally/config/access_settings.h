// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::config {

/// What routes are grouped by when it is asked who may use them.
enum class AccessGroup { kHealth, kMetrics, kDocs, kRead, kWrite, kAdmin };
inline constexpr std::array<std::string_view, 6> kAccessGroupNames{"health", "metrics", "docs",
                                                                   "read",   "write",   "admin"};
/// One value for each group.
template <typename Value>
using PerGroup = std::array<Value, kAccessGroupNames.size()>;

[[nodiscard]] constexpr std::size_t IndexOf(AccessGroup group) {
  return static_cast<std::size_t>(group);
}

/// `web.authentication`: what holds where neither tokens nor users are configured.
enum class Authentication {
  kAuto,      ///< loopback listeners are open, others refuse guarded groups
  kRequired,  ///< loopback listeners refuse them as well
  kNone,      ///< tokens are not asked for at all
};

/// What a token must have, as text `role:NAME` or `scope:NAME`.
struct Grant {
  enum class Kind { kRole, kScope };
  Kind kind = Kind::kRole;
  std::string name;
  [[nodiscard]] bool operator==(const Grant&) const = default;
};

/// A permission in Keycloak's notation, `resource#scope`.
struct Permission {
  std::string resource;
  std::string scope;
  [[nodiscard]] bool operator==(const Permission&) const = default;
};

/// `web.oidc.uma`: the provider is asked what the caller's token may do.
struct UmaSettings {
  bool enabled = false;
  std::string audience;             ///< client that has the permissions; empty: oidc.audience
  base::Milliseconds cache{30000};  ///< of an answer, at most 1m; 0s: asked every time
  PerGroup<std::optional<Permission>> require;  ///< absent: any permission with a scope
  [[nodiscard]] bool operator==(const UmaSettings&) const = default;
};

/// `web.oidc`: whose bearer tokens are taken.
struct OidcSettings {
  std::string issuer;    ///< as in `iss`; discovery stands below it
  std::string jwks_url;  ///< empty: from discovery
  std::string audience;
  std::vector<std::string> algorithms{"RS256", "PS256", "ES256", "EdDSA"};
  base::Milliseconds leeway{30000};
  base::Milliseconds jwks_max_age{86'400'000};  ///< older keys are not believed any more
  base::Milliseconds jwks_min_refresh{60000};   ///< between fetches for unknown keys
  std::string ca_file;                          ///< empty: the system's authorities
  std::string roles_claim = "realm_access.roles";
  std::string scopes_claim = "promtally_scopes";
  UmaSettings uma;
  [[nodiscard]] bool operator==(const OidcSettings&) const = default;
};

/// `web.access`.
struct AccessSettings {
  PerGroup<bool> open{true, true, false, false, false, false};  ///< access.public, and health
  PerGroup<std::optional<std::vector<Grant>>> grants;  ///< any of these; absent: any valid token
};

}  // namespace promtally::config
