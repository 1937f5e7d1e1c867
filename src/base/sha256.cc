// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/sha256.h"

#include <new>

#include <openssl/evp.h>

namespace promtally::base {

struct FieldHasher::Context {
  // Fetched once a hasher: the implicit fetch of EVP_sha256() costs more than hashing a label set.
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* state = EVP_MD_CTX_new();
  std::string pending;  // small fields are hashed together: a call costs more than their bytes

  Context() {
    if (algorithm == nullptr || state == nullptr) {
      throw std::bad_alloc();
    }
    EVP_DigestInit_ex2(state, algorithm, nullptr);
  }
  ~Context() {
    EVP_MD_CTX_free(state);
    EVP_MD_free(algorithm);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void Flush() {
    EVP_DigestUpdate(state, pending.data(), pending.size());
    pending.clear();
  }

  void Append(std::uint64_t length, std::string_view field) {
    std::array<char, 8> prefix{};
    for (std::size_t i = 0; i < prefix.size(); ++i) {
      prefix[i] = static_cast<char>(length >> (56 - 8 * i));
    }
    pending.append(prefix.data(), prefix.size()).append(field);
    if (pending.size() > 4096) {
      Flush();
    }
  }
};

FieldHasher::FieldHasher() : context_(std::make_unique<Context>()) {}
FieldHasher::~FieldHasher() = default;
FieldHasher::FieldHasher(FieldHasher&&) noexcept = default;
FieldHasher& FieldHasher::operator=(FieldHasher&&) noexcept = default;

FieldHasher& FieldHasher::Add(std::string_view field) {
  context_->Append(field.size(), field);
  return *this;
}

FieldHasher& FieldHasher::Add(std::int64_t field) { return Add(std::to_string(field)); }

FieldHasher& FieldHasher::AddAbsent() {
  context_->Append(~std::uint64_t{0}, {});  // no field is that long
  return *this;
}

Digest FieldHasher::Finish() {
  Digest digest{};
  context_->Flush();
  EVP_DigestFinal_ex(context_->state, digest.data(), nullptr);
  EVP_DigestInit_ex2(context_->state, context_->algorithm, nullptr);
  return digest;
}

Digest Sha256(std::string_view bytes) {
  Digest digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

std::string ToHex(const Digest& digest) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace promtally::base
