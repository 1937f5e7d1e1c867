// SPDX-License-Identifier: Apache-2.0
#include "cli/curl_command.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "net/url.h"
#include "source/range_source.h"

namespace promtally::cli {

namespace {

using config::HttpClientSettings;

bool IsControl(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0xFFU;
  return (byte < 0x20 && byte != '\n') || byte == 0x7F || (byte == 0xC2 && next < 0xA0);
}

/// A variable of the shell that is expanded, for a secret.
std::string Variable(std::string_view name) {
  std::string text = "\"$PROMTALLY_";
  for (const char c : name) {
    text += std::isalnum(static_cast<unsigned char>(c)) != 0
                ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                : '_';
  }
  return text + "\"";
}

/// The secret of a file, or a variable.
std::string Reveal(const config::Secret& secret, std::string_view name) {
  return secret.file.empty() ? Variable(name) : "\"$(cat " + ShellWord(secret.file) + ")\"";
}

/// A URL apart from user and password in it.
struct PlainUrl {
  std::string url;
  std::optional<std::string> user;
};

PlainUrl WithoutUser(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t at = url.substr(0, path).rfind('@');
  if (at == std::string::npos || at < host) {
    return {url, std::nullopt};
  }
  const std::string user = url.substr(host, at - host);
  return {url.substr(0, host) + url.substr(at + 1), user.substr(0, user.find(':'))};
}

class Command {
 public:
  Command(const config::SourceSettings& source, const std::string& query, base::Instant time)
      : http_(source.http) {
    const PlainUrl base = WithoutUser(source::PrometheusUrl(source));
    std::string url = base.url;
    while (url.ends_with('/')) {
      url.pop_back();
    }
    url += "/api/v1/query";
    Add("curl --silent --show-error");
    AddTls(&url);
    AddProxy();
    AddCredentials(base.user);
    AddHeaders();
    Add(http_.follow_redirects ? "--location" : "");
    Add(net::IsLoopbackUrl(source.url) ? "" : "--compressed");
    Option("--max-time", ShellWord(Seconds(source.timeout)));
    Option("--data-urlencode", ShellWord("query=" + query));
    Option("--data-urlencode", ShellWord(fmt::format("time={}", base::ToUnixSeconds(time))));
    Option("--data-urlencode", ShellWord("timeout=" + DurationText(source.timeout)));
    Add("--globoff");
    Option("--url", ShellWord(url));
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static std::string Seconds(base::Milliseconds duration) {
    return fmt::format("{}", static_cast<double>(duration.count()) / 1000);
  }
  static std::string DurationText(base::Milliseconds duration) {
    const auto count = duration.count();
    return count % 1000 == 0 ? fmt::format("{}s", count / 1000) : fmt::format("{}ms", count);
  }
  void Add(std::string_view words) {
    text_ += text_.empty() || words.empty() ? "" : " ";
    text_ += words;
  }
  void Option(std::string_view option, const std::string& word) {
    Add(option);
    Add(word);
  }
  void File(std::string_view option, const std::string& path) {
    if (!path.empty()) {
      Option(option, ShellWord(path));
    }
  }

  void AddTls(std::string* url) {
    File("--cacert", http_.ca_file);
    File("--cert", http_.cert_file);
    File("--key", http_.key_file);
    Add(http_.insecure_skip_verify ? "--insecure" : "");
    const auto origin = net::ParseOrigin(*url);
    if (http_.server_name.empty() || !origin || origin->scheme != "https" ||
        origin->host == http_.server_name) {
      return;
    }
    // The certificate is checked against the URL's host: that is the wanted name, and the
    // connection keeps the real one.
    if (const auto named = net::WithHost(*url, http_.server_name)) {
      *url = *named;
      Option("--connect-to", ShellWord("::" + origin->host + ":" + origin->port));
      Option("--header", ShellWord("Host: " + origin->host +
                                   (origin->port == "443" ? "" : ":" + origin->port)));
    }
  }

  void AddProxy() {
    if (http_.proxy_url.empty()) {
      if (!http_.proxy_from_environment) {
        Option("--noproxy", ShellWord("*"));
      }
      return;
    }
    const PlainUrl proxy = WithoutUser(http_.proxy_url);
    Option("--proxy", ShellWord(proxy.url));
    if (proxy.user) {
      Option("--proxy-user", ShellWord(*proxy.user + ":") + Variable("proxy_password"));
    }
    Option("--noproxy", ShellWord(http_.no_proxy));
  }

  void AddCredentials(const std::optional<std::string>& user_of_url) {
    if (!http_.username.empty()) {
      Option("--user", ShellWord(http_.username + ":") + Reveal(http_.password, "password"));
    } else if (!http_.credentials.empty()) {
      Option("--header", ShellWord("Authorization: " + http_.authorization_type + " ") +
                             Reveal(http_.credentials, "credentials"));
    } else if (user_of_url) {
      Option("--user", ShellWord(*user_of_url + ":") + Variable("password"));
    }
  }

  void AddHeaders() {
    constexpr std::string_view kTenant = "x-scope-orgid";
    for (const auto& [name, value] : http_.headers) {
      const bool is_tenant = std::equal(
          name.begin(), name.end(), kTenant.begin(), kTenant.end(),
          [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
      if (value.empty()) {
        Option("--header", ShellWord(name + ";"));  // curl's notation
      } else if (is_tenant) {
        Option("--header", ShellWord(name + ": " + value));
      } else {
        Option("--header", ShellWord(name + ": ") + Variable("header_" + name));
      }
    }
  }

  const HttpClientSettings& http_;
  std::string text_;
};

}  // namespace

std::string CurlCommand(const config::SourceSettings& source, const std::string& query,
                        base::Instant time) {
  return Command(source, query, time).text();
}

std::string ShellWord(std::string_view text) {
  std::string word = "'";
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (IsControl(text, at)) {
      const auto byte = static_cast<unsigned char>(text[at]);
      word += fmt::format("'\"$(printf '\\{:03o}", byte);
      if (byte == 0xC2) {
        word += fmt::format("\\{:03o}", static_cast<unsigned char>(text[++at]));
      }
      word += "')\"'";
    } else if (text[at] == '\'') {
      word += "'\\''";
    } else {
      word += text[at];
    }
  }
  return word + "'";
}

}  // namespace promtally::cli
