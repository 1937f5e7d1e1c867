// SPDX-License-Identifier: Apache-2.0
#include "inference/remote_rows.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "promtally/base/labels.h"
#include "promtally/base/sha256.h"

namespace promtally::inference {
namespace {

using config::MissingPolicy;

/// Why such a row cannot be sent; empty: it can. Puts held values into it.
std::string Fit(std::span<double> row, MissingPolicy policy) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (std::isinf(row[i])) {
      return fmt::format("value {} is infinite", i + 1);
    }
    if (!std::isnan(row[i])) {
      continue;
    }
    if (policy == MissingPolicy::kRefuse || policy == MissingPolicy::kDrop) {
      return fmt::format("value {} is missing (missing: {})", i + 1, config::ToText(policy));
    }
    if (policy == MissingPolicy::kHold && i == 0) {
      return "the first value is missing: there is nothing to hold";
    }
    if (policy == MissingPolicy::kHold) {
      row[i] = row[i - 1];
    }
  }
  return {};
}

std::string IdOf(const RemoteBatch& batch) {
  std::string bytes = fmt::format("{};{};{}", batch.rows.size(), batch.rows.columns,
                                  batch.mask.empty() ? "" : "mask");
  const std::size_t head = bytes.size();
  bytes.resize(head + batch.rows.values.size() * sizeof(double));
  char* at = bytes.data() + head;
  for (double value : batch.rows.values) {
    if (std::isnan(value)) {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (value == 0) {
      value = 0;  // -0 is equal
    }
    std::memcpy(at, &value, sizeof value);
    at += sizeof value;
  }
  for (const bool missing : batch.mask) {
    bytes += missing ? '1' : '0';
  }
  return base::ToHex(base::Sha256(bytes)).substr(0, 32);
}

}  // namespace

SentRows ApplyMissingPolicy(const Rows& rows, MissingPolicy policy) {
  SentRows sent;
  sent.kept.rows.columns = rows.columns;
  sent.kept.rows.names = rows.names;
  sent.reasons.resize(rows.size());
  std::vector<double>& values = sent.kept.rows.values;
  values.reserve(rows.values.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = rows.row(i);
    const std::size_t begin = values.size();
    values.insert(values.end(), row.begin(), row.end());
    sent.reasons[i] = Fit(std::span(values).subspan(begin), policy);
    if (sent.reasons[i].empty()) {
      sent.places.push_back(i);
    } else {
      values.resize(begin);
    }
  }
  if (policy == MissingPolicy::kMask) {
    sent.kept.mask.reserve(values.size());
    for (double& value : values) {
      sent.kept.mask.push_back(std::isnan(value));
      value = std::isnan(value) ? 0 : value;
    }
  }
  return sent;
}

RemoteBatch Slice(const RemoteBatch& all, std::size_t begin, std::size_t count) {
  const std::size_t columns = all.rows.columns;
  const auto part = [&](const auto& list) {
    const auto from = list.begin() + static_cast<std::ptrdiff_t>(begin * columns);
    return std::pair(from, from + static_cast<std::ptrdiff_t>(count * columns));
  };
  RemoteBatch batch;
  batch.rows.columns = columns;
  batch.rows.names = all.rows.names;
  const auto values = part(all.rows.values);
  batch.rows.values.assign(values.first, values.second);
  if (!all.mask.empty()) {
    const auto mask = part(all.mask);
    batch.mask.assign(mask.first, mask.second);
  }
  batch.id = IdOf(batch);
  return batch;
}

void AppendNumber(std::string& text, double value, NumberWidth width) {
  std::array<char, 32> digits{};
  char* const end = digits.data() + digits.size();
  const auto written = width == NumberWidth::kSingle
                           ? std::to_chars(digits.data(), end, static_cast<float>(value))
                           : std::to_chars(digits.data(), end, value);
  text.append(digits.data(), written.ptr);
}

void AppendList(std::string& text, std::span<const double> values) {
  text += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += i == 0 ? "" : ",";
    AppendNumber(text, values[i]);
  }
  text += ']';
}

std::string NestedRows(const Rows& rows) {
  std::string text = "[";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += i == 0 ? "" : ",";
    AppendList(text, rows.row(i));
  }
  return text + "]";
}

std::string JsonQuoted(std::string_view text) {
  const bool sound = base::IsUtf8(text);
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    } else if (byte >= 0x80 && !sound) {
      json += "\xEF\xBF\xBD";
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace promtally::inference
