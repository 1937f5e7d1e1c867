// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/sqlite.h"
#include "promtally/base/decimal.h"

namespace promtally::ledger {

/// The integer that a text is, when it is written as integers are (no sign but a minus, no leading
/// zero, no point) and fits: then the column holds an INTEGER, else the TEXT as it is.
[[nodiscard]] std::optional<std::int64_t> CanonicalInteger(std::string_view text);

/// Binds a quantity's text, without a copy of it.
void BindQuantity(Statement& statement, int index, std::string_view text);
/// Binds a plain decimal, as totals and sums are kept.
void BindDecimal(Statement& statement, int index, const base::Decimal& value);

/// The text that was stored.
[[nodiscard]] std::string QuantityText(const Statement& statement, int column);
/// Its value; nullopt when the column holds no decimal.
[[nodiscard]] std::optional<base::Decimal> QuantityValue(const Statement& statement, int column);
/// The same; no decimal is a DatabaseError that names `what`.
[[nodiscard]] base::Decimal RequireDecimal(const Statement& statement, int column,
                                           std::string_view what);

/// A sum of many quantities: whole numbers are added in a machine word, and everything is exact.
class QuantitySum {
 public:
  void Add(std::int64_t value) {
    if (std::int64_t sum = 0; !__builtin_add_overflow(whole_, value, &sum)) {
      whole_ = sum;
    } else {
      rest_ += base::Decimal(value);
    }
  }
  void Add(const base::Decimal& value) {
    if (const auto whole = value.ToInt64()) {
      Add(*whole);
    } else {
      rest_ += value;
    }
  }
  void Add(const QuantitySum& other) {
    Add(other.whole_);
    rest_ += other.rest_;
  }
  [[nodiscard]] base::Decimal Total() const { return rest_ + base::Decimal(whole_); }

 private:
  std::int64_t whole_ = 0;
  base::Decimal rest_;
};

}  // namespace promtally::ledger
