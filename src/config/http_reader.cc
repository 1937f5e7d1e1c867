// SPDX-License-Identifier: Apache-2.0
#include "config/http_reader.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "config/address.h"

namespace promtally::config {
namespace {

// A secret that stands in the file itself is hidden in printed lines and warned about.
void ReadSecret(ValueReader& reader, const Node& value, std::string& target,
                std::string_view file_key) {
  reader.problems().Hide(value.place, value.quoted ? std::string::npos : value.text.size());
  const std::optional<Scalar> scalar = reader.AnyScalar(value, "text");
  if (!scalar) {
    return;
  }
  if (scalar->kind != ScalarKind::kText && !scalar->from_environment) {
    reader.Wrong(value, "must be text", "put it in quotes");
    return;
  }
  target = scalar->text;
  if (!scalar->from_environment) {
    reader.problems().Warn(value.place, reader.Subject() + " is written in the file",
                           "use \"" + std::string(file_key) + "\", or ${NAME} of the environment");
  }
}

void ReadText(ValueReader& reader, const Node& value, std::string& target) {
  target = reader.NonEmptyText(value).value_or(target);
}

constexpr std::array<Field<HttpClientSettings>, 6> kBasicAuth{{
    {"username", [](ValueReader& reader, const Node& value,
                    HttpClientSettings& target) { ReadText(reader, value, target.username); }},
    {"password",
     [](ValueReader& reader, const Node& value, HttpClientSettings& target) {
       ReadSecret(reader, value, target.password.value, "password_file");
     }},
    {"password_file",
     [](ValueReader& reader, const Node& value, HttpClientSettings& target) {
       ReadText(reader, value, target.password.file);
     }},
    {"username_file"},
    {"username_ref"},
    {"password_ref"},
}};

void ReadAuthorizationType(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  const std::optional<std::string> type = reader.NonEmptyText(value);
  if (!type) {
    return;
  }
  if (EqualIgnoringCase(*type, "basic")) {
    reader.Wrong(value, "must not be \"basic\"", "use \"basic_auth\" instead");
  } else if (!IsHttpToken(*type)) {
    reader.Wrong(value, "must be one word such as Bearer");
  } else {
    target.authorization_type = *type;
  }
}

constexpr std::array<Field<HttpClientSettings>, 4> kAuthorization{{
    {"type", ReadAuthorizationType},
    {"credentials",
     [](ValueReader& reader, const Node& value, HttpClientSettings& target) {
       ReadSecret(reader, value, target.credentials.value, "credentials_file");
     }},
    {"credentials_file",
     [](ValueReader& reader, const Node& value, HttpClientSettings& target) {
       ReadText(reader, value, target.credentials.file);
     }},
    {"credentials_ref"},
}};

void ReadInsecureSkipVerify(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  target.insecure_skip_verify = reader.Bool(value).value_or(false);
  if (target.insecure_skip_verify) {
    reader.problems().Warn(value.place,
                           reader.Subject() +
                               " is true: anybody between here and the server can "
                               "read and change what is billed",
                           "name the server's authority by ca_file");
  }
}

constexpr std::array<Field<HttpClientSettings>, 13> kTlsConfig{{
    {"ca_file", [](ValueReader& reader, const Node& value,
                   HttpClientSettings& target) { ReadText(reader, value, target.ca_file); }},
    {"cert_file", [](ValueReader& reader, const Node& value,
                     HttpClientSettings& target) { ReadText(reader, value, target.cert_file); }},
    {"key_file", [](ValueReader& reader, const Node& value,
                    HttpClientSettings& target) { ReadText(reader, value, target.key_file); }},
    {"server_name",
     [](ValueReader& reader, const Node& value, HttpClientSettings& target) {
       ReadText(reader, value, target.server_name);
     }},
    {"insecure_skip_verify", ReadInsecureSkipVerify},
    {"ca"},
    {"cert"},
    {"key"},
    {"ca_ref"},
    {"cert_ref"},
    {"key_ref"},
    {"min_version"},
    {"max_version"},
}};

constexpr std::size_t kMostHeaders = 100;

constexpr std::array<std::string_view, 7> kOwnHeaders{
    "connection", "content-length",    "content-type",    "host",
    "te",         "transfer-encoding", "accept-encoding",
};

bool IsOwnHeader(std::string_view name) {
  return std::any_of(kOwnHeaders.begin(), kOwnHeaders.end(),
                     [name](std::string_view own) { return EqualIgnoringCase(own, name); });
}

void ReadHeader(ValueReader& reader, const Entry& entry, HttpClientSettings& target) {
  const std::string& name = entry.key->text;
  if (!IsHttpToken(name)) {
    reader.Wrong(*entry.key, "has " + Quoted(name) + ", which is not a header name");
    return;
  }
  if (EqualIgnoringCase(name, "authorization") || IsOwnHeader(name)) {
    reader.Wrong(*entry.key, "must not set " + Quoted(name),
                 IsOwnHeader(name) ? "the client sets it"
                                   : "use \"authorization\" or "
                                     "\"basic_auth\"");
    return;
  }
  const bool known =
      std::any_of(target.headers.begin(), target.headers.end(),
                  [&name](const auto& h) { return EqualIgnoringCase(h.first, name); });
  if (known) {
    reader.Wrong(*entry.key, "has " + Quoted(name) + " twice");
    return;
  }
  if (std::optional<std::string> text = reader.Text(*entry.value)) {
    target.headers.emplace_back(name, *std::move(text));
  }
}

// Both of `keys` stand in the map.
bool HasBoth(const Node& map, std::string_view one, std::string_view other) {
  return Find(map, one) != nullptr && Find(map, other) != nullptr;
}

void CheckProxy(const Node& map, Problems& problems) {
  const Node* const from_environment = Find(map, "proxy_from_environment");
  if (from_environment != nullptr && from_environment->text == "true") {
    for (const std::string_view key : {"proxy_url", "no_proxy"}) {
      if (const Node* const node = FindKey(map, key)) {
        problems.Error(node->place, "if proxy_from_environment is configured, " + std::string(key) +
                                        " must not be configured");
      }
    }
  } else if (const Node* const no_proxy = FindKey(map, "no_proxy");
             no_proxy != nullptr && Find(map, "proxy_url") == nullptr) {
    problems.Error(no_proxy->place, "if no_proxy is configured, proxy_url must also be configured");
  }
}

}  // namespace

void ReadBasicAuth(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  if (!reader.IsMap(value)) {
    return;
  }
  reader.ReadMap<HttpClientSettings>(value, "basic_auth", {kBasicAuth}, target);
  if (HasBoth(value, "password", "password_file")) {
    reader.problems().Error(FindKey(value, "password_file")->place,
                            "at most one of basic_auth password & password_file must be "
                            "configured");
  }
  if (Find(value, "username") == nullptr) {
    reader.problems().Error(value.place, "basic_auth has no \"username\"");
  }
}

void ReadAuthorization(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  if (!reader.IsMap(value)) {
    return;
  }
  reader.ReadMap<HttpClientSettings>(value, "authorization", {kAuthorization}, target);
  if (HasBoth(value, "credentials", "credentials_file")) {
    reader.problems().Error(FindKey(value, "credentials_file")->place,
                            "at most one of authorization credentials & credentials_file must be "
                            "configured");
  }
  if (Find(value, "credentials") == nullptr && Find(value, "credentials_file") == nullptr) {
    reader.problems().Error(value.place,
                            "authorization has neither \"credentials\" nor \"credentials_file\"");
  }
}

void ReadTlsConfig(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  if (!reader.IsMap(value)) {
    return;
  }
  reader.ReadMap<HttpClientSettings>(value, "tls_config", {kTlsConfig}, target);
  const Node* const cert = FindKey(value, "cert_file");
  const Node* const key = FindKey(value, "key_file");
  if ((cert == nullptr) != (key == nullptr)) {
    reader.problems().Error((cert != nullptr ? cert : key)->place,
                            "cert_file and key_file must be configured together");
  }
}

void ReadHeaders(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  if (reader.IsMap(value) && value.entries.size() > kMostHeaders) {
    reader.Wrong(value, "has more than " + std::to_string(kMostHeaders) + " headers");
  } else if (value.kind == NodeKind::kMap) {
    for (const Entry& entry : value.entries) {
      ReadHeader(reader, entry, target);
    }
  }
}

void ReadFollowRedirects(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  target.follow_redirects = reader.Bool(value).value_or(false);
}

void ReadProxyUrl(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  target.proxy_url = ReadUrl(reader, value).value_or("");
}

void ReadNoProxy(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  target.no_proxy = reader.Text(value).value_or("");
}

void ReadProxyFromEnvironment(ValueReader& reader, const Node& value, HttpClientSettings& target) {
  target.proxy_from_environment = reader.Bool(value).value_or(false);
}

void CheckHttpClient(const Node& map, Problems& problems) {
  if (HasBoth(map, "basic_auth", "authorization")) {
    problems.Error(FindKey(map, "authorization")->place,
                   "at most one of basic_auth, oauth2 & authorization must be configured");
  }
  CheckProxy(map, problems);
}

std::optional<std::string> ReadUrl(ValueReader& reader, const Node& value) {
  std::optional<std::string> url = reader.NonEmptyText(value);
  if (!url) {
    return std::nullopt;
  }
  const UrlProblem problem = CheckUrl(*url);
  if (problem.has_user) {
    reader.problems().Hide(value.place, value.quoted ? std::string::npos : value.text.size());
  }
  if (!problem.message.empty()) {
    reader.Wrong(value, problem.message, problem.hint);
    return std::nullopt;
  }
  while (url->ends_with('/')) {
    url->pop_back();
  }
  return url;
}

void AppendHttpKeys(std::string_view prefix, std::vector<std::string>& keys) {
  const std::string front(prefix);
  AppendKeys<HttpClientSettings>(front + "basic_auth.", kBasicAuth, keys);
  AppendKeys<HttpClientSettings>(front + "authorization.", kAuthorization, keys);
  AppendKeys<HttpClientSettings>(front + "tls_config.", kTlsConfig, keys);
}

}  // namespace promtally::config
