// SPDX-License-Identifier: Apache-2.0
#include "net/credentials.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace promtally::net {
namespace {

constexpr std::size_t kSecretLimitBytes = 64 * 1024;

base::Result<std::string> ReadSecretFile(const std::string& path) {
  const auto failed = [&path](int error) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "read secret file " + path + ": " + std::generic_category().message(error));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) {
    return failed(errno);
  }
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), size);
    if (text.size() > kSecretLimitBytes) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "secret file " + path + " is larger than 64 KiB");
    }
  }
  if (std::ferror(file.get()) != 0) {
    return failed(errno);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  return text;
}

base::Result<std::string> Reveal(const config::Secret& secret, const char* what) {
  base::Result<std::string> text = secret.file.empty() ? secret.value : ReadSecretFile(secret.file);
  // A line break would begin another header.
  if (text && text->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      std::string(what) + " has a line break or a NUL inside");
  }
  return text;
}

}  // namespace

base::Result<Credentials> ReadCredentials(const config::HttpClientSettings& settings) {
  Credentials credentials;
  if (!settings.username.empty()) {
    base::Result<std::string> password = Reveal(settings.password, "the password");
    if (!password) {
      return tl::unexpected(password.error());
    }
    credentials.username = settings.username;
    credentials.password = *std::move(password);
  } else if (!settings.credentials.empty()) {
    base::Result<std::string> secret = Reveal(settings.credentials, "the credentials");
    if (!secret) {
      return tl::unexpected(secret.error());
    }
    credentials.authorization = settings.authorization_type + " " + *secret;
  }
  return credentials;
}

}  // namespace promtally::net
