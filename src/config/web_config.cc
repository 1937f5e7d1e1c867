// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/web_config.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "config/value_reader.h"
#include "config/yaml_document.h"

namespace promtally::config {
namespace {

using Name = std::pair<std::string_view, std::string_view>;  // Go's name and OpenSSL's

// Those with forward secrecy. What Go lists beside them for TLS 1.3 cannot be chosen there either.
constexpr std::array<Name, 13> kCiphers{{
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
}};
constexpr std::array<Name, 4> kCurves{{
    {"CurveP256", "P-256"},
    {"CurveP384", "P-384"},
    {"CurveP521", "P-521"},
    {"X25519", "X25519"},
}};
constexpr std::array<std::pair<std::string_view, TlsVersion>, 4> kVersions{{
    {"TLS10", TlsVersion::kTls10},
    {"TLS11", TlsVersion::kTls11},
    {"TLS12", TlsVersion::kTls12},
    {"TLS13", TlsVersion::kTls13},
}};
constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> kClientAuth{{
    {"NoClientCert", ClientAuth::kNone},
    {"RequestClientCert", ClientAuth::kRequest},
    {"RequireAnyClientCert", ClientAuth::kRequireAny},
    {"RequireClientCert", ClientAuth::kRequireAny},  // its old name
    {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify},
}};

/// A header that may be set, with the values that it may have (none: any).
struct AllowedHeader {
  std::string_view name;
  std::string_view values;  ///< as Go prints the list
  std::array<std::string_view, 2> words;
};
constexpr std::array<AllowedHeader, 5> kHeaders{{
    {"Strict-Transport-Security", "", {}},
    {"X-Content-Type-Options", R"(["nosniff"])", {"nosniff", "nosniff"}},
    {"X-Frame-Options", R"(["deny" "sameorigin"])", {"deny", "sameorigin"}},
    {"X-XSS-Protection", "", {}},
    {"Content-Security-Policy", "", {}},
}};

template <typename Table>
auto Lookup(const Table& table, std::string_view name) {
  return std::find_if(table.begin(), table.end(),
                      [name](const auto& entry) { return entry.first == name; });
}

template <typename Table>
std::string NamesOf(const Table& table) {
  std::vector<std::string_view> names;
  names.reserve(table.size());
  for (const auto& entry : table) {
    names.push_back(entry.first);
  }
  return "allowed: " + Joined(names);
}

void ReadText(ValueReader& reader, const Node& value, std::string& target) {
  if (auto scalar = reader.AnyScalar(value, "text")) {
    target = std::move(scalar->text);
  }
}

template <typename Table, typename Value>
void ReadWord(ValueReader& reader, const Node& value, const Table& table, std::string_view unknown,
              Value& target) {
  const auto scalar = reader.AnyScalar(value, "one of the names of the documentation");
  if (!scalar) {
    return;
  }
  const auto found = Lookup(table, scalar->text);
  if (found == table.end()) {
    reader.problems().Error(value.place, std::string(unknown) + scalar->text, NamesOf(table));
  } else {
    target = found->second;
  }
}

template <typename Table>
void ReadNames(ValueReader& reader, const Node& value, const Table& table, std::string_view unknown,
               std::vector<std::string>& target) {
  if (!reader.IsList(value, "names")) {
    return;
  }
  for (const Node* const item : value.items) {
    std::string_view name;
    ReadWord(reader, *item, table, unknown, name);
    if (!name.empty()) {
      target.emplace_back(name);
    }
  }
}

void ReadSans(ValueReader& reader, const Node& value, TlsServerSettings& tls) {
  if (reader.IsList(value, "names")) {
    for (const Node* const item : value.items) {
      ReadText(reader, *item, tls.client_allowed_sans.emplace_back());
    }
  }
}

constexpr std::array<Field<TlsServerSettings>, 13> kTls{{
    {"cert_file", [](ValueReader& reader, const Node& value,
                     TlsServerSettings& tls) { ReadText(reader, value, tls.cert_file); }},
    {"cert", [](ValueReader& reader, const Node& value,
                TlsServerSettings& tls) { ReadText(reader, value, tls.cert); }},
    {"key_file", [](ValueReader& reader, const Node& value,
                    TlsServerSettings& tls) { ReadText(reader, value, tls.key.file); }},
    {"key",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       reader.problems().Hide(value.place, std::string::npos);
       ReadText(reader, value, tls.key.value);
     }},
    {"client_ca_file", [](ValueReader& reader, const Node& value,
                          TlsServerSettings& tls) { ReadText(reader, value, tls.client_ca_file); }},
    {"client_ca", [](ValueReader& reader, const Node& value,
                     TlsServerSettings& tls) { ReadText(reader, value, tls.client_ca); }},
    {"client_auth_type",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       ReadWord(reader, value, kClientAuth, "invalid ClientAuth: ", tls.client_auth);
     }},
    {"client_allowed_sans", ReadSans},
    {"min_version",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       ReadWord(reader, value, kVersions, "unknown TLS version: ", tls.min_version);
     }},
    {"max_version",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       ReadWord(reader, value, kVersions, "unknown TLS version: ", tls.max_version);
     }},
    {"cipher_suites",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       ReadNames(reader, value, kCiphers, "unknown cipher: ", tls.cipher_suites);
     }},
    {"prefer_server_cipher_suites",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       tls.prefer_server_cipher_suites = reader.Bool(value).value_or(true);
     }},
    {"curve_preferences",
     [](ValueReader& reader, const Node& value, TlsServerSettings& tls) {
       ReadNames(reader, value, kCurves, "unknown curve: ", tls.curves);
     }},
}};

/// One of a text and a file that holds it.
void CheckPair(const Node& map, std::string_view name, bool required, Problems& problems) {
  const std::string file = std::string(name) + "_file";
  const Node* const inline_key = FindKey(map, name);
  const Node* const file_key = FindKey(map, file);
  if (inline_key != nullptr && file_key != nullptr) {
    problems.Error(file_key->place,
                   "at most one of " + std::string(name) + " & " + file + " must be configured");
  } else if (const Node* const value = Find(map, inline_key != nullptr ? name : file);
             required && (value == nullptr || value->kind == NodeKind::kNull ||
                          (value->kind == NodeKind::kScalar && value->text.empty()))) {
    // An empty text is none, as in exporter-toolkit.
    problems.Error(map.place, "missing one of " + std::string(name) + " or " + file);
  }
}

void ReadTls(ValueReader& reader, const Node& value, WebConfig& config) {
  if (value.kind == NodeKind::kNull || !reader.IsMap(value)) {
    return;
  }
  TlsServerSettings tls;
  reader.ReadMap<TlsServerSettings>(value, "tls_server_config", {kTls}, tls);
  constexpr std::array<std::string_view, 7> kWanting{
      "cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file", "client_auth_type"};
  if (std::none_of(kWanting.begin(), kWanting.end(),
                   [&value](std::string_view key) { return FindKey(value, key) != nullptr; })) {
    return;  // as exporter-toolkit: limits of a TLS that is not there
  }
  CheckPair(value, "cert", true, reader.problems());
  CheckPair(value, "key", true, reader.problems());
  CheckPair(value, "client_ca", false, reader.problems());
  if (tls.client_auth == ClientAuth::kNone &&
      !(tls.client_ca.empty() && tls.client_ca_file.empty())) {
    reader.problems().Error(value.place,
                            "client CA's have been configured without a Client Auth Policy",
                            "client_auth_type: RequireAndVerifyClientCert");
  }
  if (tls.min_version > tls.max_version) {
    reader.problems().Error(value.place, "min_version is above max_version");
  }
  config.tls = std::move(tls);
}

void ReadHeader(ValueReader& reader, const Entry& entry, WebConfig& config) {
  const std::string& name = entry.key->text;
  const auto allowed =
      std::find_if(kHeaders.begin(), kHeaders.end(),
                   [&name](const AllowedHeader& header) { return header.name == name; });
  if (allowed == kHeaders.end()) {
    reader.problems().Error(entry.key->place,
                            "HTTP header " + Quoted(name) + " can not be configured");
    return;
  }
  const auto value = reader.AnyScalar(*entry.value, "text");
  if (!value) {
    return;
  }
  const bool fits =
      allowed->values.empty() ||
      std::find(allowed->words.begin(), allowed->words.end(), value->text) != allowed->words.end();
  if (!fits) {
    reader.problems().Error(entry.value->place,
                            "invalid value for " + name + ". Expected one of: " +
                                std::string(allowed->values) + ", but got: " + Quoted(value->text));
  } else if (!value->text.empty()) {
    config.headers.emplace_back(name, value->text);
  }
}

constexpr std::array<Field<WebConfig>, 2> kHttp{{
    {"http2",  // taken for the schema's sake: HTTP/1.1 is spoken either way
     [](ValueReader& reader, const Node& value, WebConfig&) {
       static_cast<void>(reader.Bool(value));
     }},
    {"headers",
     [](ValueReader& reader, const Node& value, WebConfig& config) {
       if (value.kind != NodeKind::kNull && reader.IsMap(value)) {
         for (const Entry& entry : value.entries) {
           ReadHeader(reader, entry, config);
         }
       }
     }},
}};

void ReadUsers(ValueReader& reader, const Node& value, WebConfig& config) {
  if (value.kind == NodeKind::kNull || !reader.IsMap(value)) {
    return;
  }
  for (const Entry& entry : value.entries) {
    reader.problems().Hide(entry.value->place, std::string::npos);
    auto hash = reader.AnyScalar(*entry.value, "a bcrypt hash");
    if (hash && !IsBcryptHash(hash->text)) {
      reader.problems().Error(entry.value->place,
                              "the password of " + Quoted(entry.key->text) + " is no bcrypt hash",
                              "promtally hash-password makes one");
    } else if (hash) {
      config.users.emplace_back(entry.key->text, std::move(hash->text));
    }
  }
}

constexpr std::array<Field<RateLimit>, 2> kRateLimit{{
    {"interval",
     [](ValueReader& reader, const Node& value, RateLimit& limit) {
       const auto interval = reader.Duration(value);
       if (interval && interval->count() == 0) {
         reader.Wrong(value, "must be more than 0s");
       }
       limit.interval = interval.value_or(limit.interval);
     }},
    {"burst",
     [](ValueReader& reader, const Node& value, RateLimit& limit) {
       limit.burst = static_cast<std::size_t>(reader.Integer(value, 1, 1'000'000).value_or(1));
     }},
}};

constexpr std::array<Field<WebConfig>, 4> kTopLevel{{
    {"tls_server_config", ReadTls},
    {"http_server_config",
     [](ValueReader& reader, const Node& value, WebConfig& config) {
       if (value.kind != NodeKind::kNull && reader.IsMap(value)) {
         reader.ReadMap<WebConfig>(value, "http_server_config", {kHttp}, config);
       }
     }},
    {"basic_auth_users", ReadUsers},
    {"rate_limit",
     [](ValueReader& reader, const Node& value, WebConfig& config) {
       if (reader.IsMap(value)) {
         reader.ReadMap<RateLimit>(value, "rate_limit", {kRateLimit}, config.rate_limit.emplace());
       }
     }},
}};

}  // namespace

bool IsBcryptHash(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t kLength = 60;
  constexpr std::size_t kHead = 7;
  if (text.size() != kLength || !text.starts_with("$2") || text[3] != '$' || text[6] != '$' ||
      std::string_view("aby").find(text[2]) == std::string_view::npos) {
    return false;
  }
  const std::string_view cost = text.substr(4, 2);
  return cost >= "04" && cost <= "31" && cost[1] >= '0' && cost[1] <= '9' &&
         text.find_first_not_of(kAlphabet, kHead) == std::string_view::npos;
}

WebConfigFile ReadWebConfig(std::string_view bytes, std::string_view file) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, file);
  const YamlDocument document = ReadYaml(text, Aliases::kAllowed, problems);
  ValueReader reader(problems, ScalarRules::kCore, nullptr);
  WebConfigFile result;
  if (document.root != nullptr && reader.IsMap(*document.root)) {
    reader.ReadMap<WebConfig>(*document.root, "", {kTopLevel}, result.settings);
  }
  result.diagnostics = problems.Take();
  return result;
}

bool LooksLikeWebConfig(std::string_view bytes) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, {});
  const YamlDocument document = ReadYaml(text, Aliases::kAllowed, problems);
  return document.root != nullptr &&
         std::any_of(kTopLevel.begin(), kTopLevel.end(), [&document](const auto& field) {
           return Find(*document.root, field.key) != nullptr;
         });
}

std::vector<std::string> WebConfigKeys() {
  std::vector<std::string> keys;
  AppendKeys<WebConfig>("", kTopLevel, keys);
  AppendKeys<TlsServerSettings>("tls_server_config.", kTls, keys);
  AppendKeys<WebConfig>("http_server_config.", kHttp, keys);
  AppendKeys<RateLimit>("rate_limit.", kRateLimit, keys);
  return keys;
}

}  // namespace promtally::config
