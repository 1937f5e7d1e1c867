// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace promtally::base {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 over fields that are each preceded by their length (64 bits, big endian), so that two
/// different field lists never hash the same bytes. Reusable: Finish() starts anew. One thread at a
/// time.
class FieldHasher {
 public:
  FieldHasher();
  ~FieldHasher();
  FieldHasher(FieldHasher&&) noexcept;
  FieldHasher& operator=(FieldHasher&&) noexcept;

  FieldHasher& Add(std::string_view field);
  FieldHasher& Add(std::int64_t field);  // as its decimal text
  /// Marks a field that is absent, which is not the empty one.
  FieldHasher& AddAbsent();
  [[nodiscard]] Digest Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Plain SHA-256 of bytes.
[[nodiscard]] Digest Sha256(std::string_view bytes);
/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string ToHex(const Digest& digest);

}  // namespace promtally::base
