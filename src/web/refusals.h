// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "web/access.h"
#include "web/http.h"
#include "web/router.h"

namespace promtally::web {

/// A refusal in the route's style. The ICOS routes keep the bodies of their service.
[[nodiscard]] Response RefusalOf(ErrorStyle style, const Refusal& refusal);

/// What a token that may read some usage scopes only is told everywhere else.
[[nodiscard]] Refusal ForOneScopeOnly();

}  // namespace promtally::web
