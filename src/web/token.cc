// SPDX-License-Identifier: Apache-2.0
#include "web/token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "web/base64.h"
#include "web/http.h"

namespace promtally::web {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kMostBytes = 8192;
constexpr std::size_t kDepth = 8;
constexpr std::size_t kMostIdBytes = 256;
// The year 9999; beyond, a time does not fit its type.
constexpr double kLastSecond = 253402300799.0;

auto Bad(std::string what) { return base::Fail(base::ErrorCode::kParse, std::move(what)); }
auto Reject(std::string what) { return base::Fail(base::ErrorCode::kRejected, std::move(what)); }

bool IsTokenType(std::string_view type) {
  constexpr std::string_view kApplication = "application/";
  if (EqualsIgnoringCase(type.substr(0, kApplication.size()), kApplication)) {
    type.remove_prefix(kApplication.size());
  }
  return EqualsIgnoringCase(type, "JWT") || EqualsIgnoringCase(type, "at+jwt");
}

base::Status ReadHeader(const JsonValue& header, const config::OidcSettings& settings,
                        Token* token) {
  constexpr std::array<std::string_view, 6> kRefused{"crit", "zip", "b64", "jku", "x5u", "jwk"};
  for (const std::string_view name : kRefused) {
    if (header.Find(name) != nullptr) {
      return Bad("the header has a member that is not taken");
    }
  }
  const std::string* const algorithm = header.FindText("alg");
  const std::string* const key_id = header.FindText("kid");
  const JsonValue* const type = header.Find("typ");
  const auto& allowed = settings.algorithms;
  const auto parsed = algorithm == nullptr ? std::nullopt : ParseAlgorithm(*algorithm);
  if (!parsed || std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end()) {
    return Bad("the algorithm is not allowed");
  }
  if (key_id == nullptr || key_id->empty() || key_id->size() > kMostIdBytes) {
    return Bad("there is no kid");
  }
  if (type != nullptr && (type->kind != Kind::kText || !IsTokenType(type->text))) {
    return Bad("the type is none of an access token");
  }
  token->algorithm = *parsed;
  token->key_id = *key_id;
  return {};
}

base::Result<JsonValue> ReadPart(std::string_view part) {
  const auto bytes = DecodeBase64Url(part);
  if (!bytes || bytes->empty()) {
    return Bad("a part is not base64url");
  }
  auto value = ParseStrictJson(*bytes, kDepth);
  if (!value || value->kind != Kind::kObject) {
    return Bad("a part is no strict JSON object");
  }
  return value;
}

/// A time claim: absent, or seconds; an error for anything else.
base::Result<std::optional<double>> TimeOf(const JsonValue& payload, std::string_view name) {
  const JsonValue* const value = payload.Find(name);
  if (value == nullptr) {
    return std::optional<double>();
  }
  if (value->kind != Kind::kNumber || !(std::abs(value->number) <= kLastSecond)) {
    return Reject(std::string(name) + " is no time");
  }
  return std::optional(value->number);
}

base::Result<base::Instant> CheckTimes(const JsonValue& payload, base::Milliseconds leeway,
                                       base::Instant now) {
  const auto expires = TimeOf(payload, "exp");
  const auto not_before = TimeOf(payload, "nbf");
  const auto issued = TimeOf(payload, "iat");
  if (!expires || !not_before || !issued || !*expires) {
    return Reject("exp, nbf or iat is no time, or exp is missing");
  }
  constexpr double kThousand = 1000;
  const double at = static_cast<double>(now.time_since_epoch().count()) / kThousand;
  const double slack = static_cast<double>(leeway.count()) / kThousand;
  if (at >= **expires + slack) {
    return Reject("it has expired");
  }
  if ((*not_before && **not_before > at + slack) || (*issued && **issued > at + slack)) {
    return Reject("it is not valid yet");
  }
  return base::Instant(base::Milliseconds(static_cast<std::int64_t>(**expires * kThousand)));
}

/// The texts of a list; nullopt: it is none, or holds something else.
std::optional<std::vector<std::string>> Texts(const JsonValue& value) {
  if (value.kind != Kind::kList) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const JsonValue& item : value.items) {
    if (item.kind != Kind::kText) {
      return std::nullopt;
    }
    texts.push_back(item.text);
  }
  return texts;
}

bool IsFor(const JsonValue& payload, const std::string& audience) {
  const JsonValue* const value = payload.Find("aud");
  if (value == nullptr) {
    return false;
  }
  if (value->kind == Kind::kText) {
    return value->text == audience;
  }
  const auto all = Texts(*value);
  return all && std::find(all->begin(), all->end(), audience) != all->end();
}

/// A claim by its whole name, else by the dotted path.
const JsonValue* FindClaim(const JsonValue& payload, std::string_view path) {
  if (const JsonValue* const whole = payload.Find(path); whole != nullptr) {
    return whole;
  }
  const JsonValue* value = &payload;
  while (value != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    value = value->Find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return value;
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) {
      words.push_back(text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return words;
}

base::Status ReadSubject(const JsonValue& payload, Claims* claims) {
  const JsonValue* const subject = payload.Find("sub");
  if (subject != nullptr && (subject->kind != Kind::kText || subject->text.empty())) {
    return Reject("sub is no text");
  }
  for (const std::string_view name : {"sub", "client_id", "azp"}) {
    const std::string* const text = payload.FindText(name);
    if (text != nullptr && claims->subject.empty()) {
      claims->subject = *text;
    }
  }
  return {};
}

}  // namespace

base::Result<Token> ParseToken(std::string_view text, const config::OidcSettings& settings) {
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (text.size() > kMostBytes || second == std::string_view::npos ||
      text.find('.', second + 1) != std::string_view::npos) {
    return Bad("it is too long or has not three parts");
  }
  Token token;
  const auto header = ReadPart(text.substr(0, first));
  if (!header) {
    return tl::unexpected(header.error());
  }
  if (const auto read = ReadHeader(*header, settings, &token); !read) {
    return tl::unexpected(read.error());
  }
  auto payload = ReadPart(text.substr(first + 1, second - first - 1));
  const auto signature = DecodeBase64Url(text.substr(second + 1));
  if (!payload || !signature || signature->empty()) {
    return Bad("the payload or the signature cannot be read");
  }
  token.payload = *std::move(payload);
  token.signature = *signature;
  token.signed_text = text.substr(0, second);
  return token;
}

base::Result<Claims> CheckClaims(const Token& token, const config::OidcSettings& settings,
                                 base::Instant now) {
  const JsonValue& payload = token.payload;
  Claims claims;
  const JsonValue* const kind = payload.Find("typ");
  if (kind != nullptr && (kind->kind != Kind::kText || kind->text != "Bearer")) {
    return Reject("it is no access token");
  }
  const std::string* const issuer = payload.FindText("iss");
  if (issuer == nullptr || *issuer != settings.issuer) {
    return Reject("another issuer");
  }
  if (!IsFor(payload, settings.audience)) {
    return Reject("it is for another audience");
  }
  const auto expires = CheckTimes(payload, settings.leeway, now);
  if (!expires) {
    return tl::unexpected(expires.error());
  }
  claims.expires = *expires;
  if (const auto read = ReadSubject(payload, &claims); !read) {
    return tl::unexpected(read.error());
  }
  if (const JsonValue* const roles = FindClaim(payload, settings.roles_claim); roles != nullptr) {
    claims.roles = Texts(*roles).value_or(std::vector<std::string>());
  }
  if (const std::string* const scope = payload.FindText("scope"); scope != nullptr) {
    claims.scope_words = Words(*scope);
  }
  if (const JsonValue* const scopes = FindClaim(payload, settings.scopes_claim);
      scopes != nullptr) {
    claims.usage_scopes = Texts(*scopes);
    if (!claims.usage_scopes) {
      return Reject("the claim of usage scopes is no list of texts");  // it must not mean "all"
    }
  }
  return claims;
}

bool HasGoodSignature(const Token& token, const SigningKey& key) {
  return token.algorithm == key.algorithm && token.key_id == key.id &&
         IsSignedBy(key, token.signed_text, token.signature);
}

}  // namespace promtally::web
