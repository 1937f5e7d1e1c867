// SPDX-License-Identifier: Apache-2.0
#include "web/docs_routes.h"

#include <cstddef>

#include "promtally/base/sha256.h"
#include "web/base64.h"
#include "web/body_value.h"
#include "web/embedded_files.h"

namespace promtally::web {
namespace {

/// The one place where openapi.json has `before`.
void Replace(std::string& text, std::string_view before, std::string_view after) {
  const std::size_t place = text.find(before);
  if (place != std::string::npos) {
    text.replace(place, before.size(), after);
  }
}

std::string JsonText(std::string_view text) {
  std::string json;
  AppendJsonText(json, text);
  return json;
}

std::string_view Between(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t begin = text.find(open);
  if (begin == std::string_view::npos) {
    return {};
  }
  text.remove_prefix(begin + open.size());
  return text.substr(0, text.find(close));
}

std::string HashSource(std::string_view code) {
  const base::Digest digest = base::Sha256(code);
  std::string bytes;
  for (const auto byte : digest) {
    bytes += static_cast<char>(byte);
  }
  return "'sha256-" + EncodeBase64(bytes) + "'";
}

}  // namespace

std::string OpenApiDocument(const DocumentFacts& facts) {
  std::string document(OpenApiFile());
  Replace(document, R"("version": "0.0.0")", "\"version\": " + JsonText(facts.version));
  if (!facts.prefix.empty()) {
    Replace(document, R"([{"url": "/"}])", "[{\"url\": " + JsonText(facts.prefix) + "}]");
  }
  Replace(document, R"("/metrics": {)", JsonText(facts.telemetry_path) + ": {");
  return document;
}

std::string PolicyOf(std::string_view html) {
  return "default-src 'none'; script-src " + HashSource(Between(html, "<script>", "</script>")) +
         "; style-src " + HashSource(Between(html, "<style>", "</style>")) +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

DocsRoutes::DocsRoutes(const DocumentFacts& facts)
    : document_(std::make_shared<const std::string>(OpenApiDocument(facts))),
      page_(std::make_shared<const std::string>(DocsFile())),
      policy_(PolicyOf(*page_)) {}

Response DocsRoutes::Document() const {
  Response response;
  response.content_type = "application/json";
  response.body.push_back(document_);
  return response;
}

Response DocsRoutes::Page() const {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body.push_back(page_);
  response.headers.emplace_back("Content-Security-Policy", policy_);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace promtally::web
