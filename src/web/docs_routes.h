// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "web/http.h"

namespace promtally::web {

/// What of this process the document at `/openapi.json` says.
struct DocumentFacts {
  std::string version;
  std::string prefix;  ///< of every path; empty: none
  std::string telemetry_path = "/metrics";
};

/// openapi.json with these facts in it.
[[nodiscard]] std::string OpenApiDocument(const DocumentFacts& facts);

/// `Content-Security-Policy` of a page whose one script and one style are inside it, by their
/// hashes: nothing else runs, and nothing is fetched from elsewhere.
[[nodiscard]] std::string PolicyOf(std::string_view html);

/// `/openapi.json` and `/docs`: made once, shared by all answers. Immutable after construction.
class DocsRoutes {
 public:
  explicit DocsRoutes(const DocumentFacts& facts);

  [[nodiscard]] Response Document() const;
  [[nodiscard]] Response Page() const;

 private:
  const std::shared_ptr<const std::string> document_;
  const std::shared_ptr<const std::string> page_;
  const std::string policy_;
};

}  // namespace promtally::web
