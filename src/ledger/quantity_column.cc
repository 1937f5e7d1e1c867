// SPDX-License-Identifier: Apache-2.0
#include "ledger/quantity_column.h"

#include <charconv>
#include <utility>

namespace promtally::ledger {

std::optional<std::int64_t> CanonicalInteger(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits.front() == '0' && text.size() > 1)) {
    return std::nullopt;  // "", "-", "007", "-0" and "0.5"
  }
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

void BindQuantity(Statement& statement, int index, std::string_view text) {
  if (const auto integer = CanonicalInteger(text)) {
    statement.Bind(index, *integer);
  } else {
    statement.BindStatic(index, text);
  }
}

void BindDecimal(Statement& statement, int index, const base::Decimal& value) {
  if (const auto integer = value.ToInt64()) {
    statement.Bind(index, *integer);
  } else {
    statement.Bind(index, value.ToText());
  }
}

std::string QuantityText(const Statement& statement, int column) {
  return std::string(statement.Text(column));  // SQLite prints an INTEGER canonically
}

std::optional<base::Decimal> QuantityValue(const Statement& statement, int column) {
  if (statement.IsInteger(column)) {
    return base::Decimal(statement.Int(column));
  }
  if (!statement.IsText(column)) {
    return std::nullopt;
  }
  auto value = base::Decimal::Parse(statement.Text(column));
  return value ? std::optional(*std::move(value)) : std::nullopt;
}

base::Decimal RequireDecimal(const Statement& statement, int column, std::string_view what) {
  auto value = QuantityValue(statement, column);
  if (!value) {
    throw DatabaseError(base::ErrorCode::kInternal,
                        std::string(what) + " of the ledger is no decimal");
  }
  return *std::move(value);
}

}  // namespace promtally::ledger
