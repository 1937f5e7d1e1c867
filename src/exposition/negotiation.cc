// SPDX-License-Identifier: Apache-2.0
#include "exposition/negotiation.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace promtally::exposition {
namespace {

constexpr std::string_view kText004 = "text/plain; version=0.0.4; charset=utf-8";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Splits where the separator stands outside of quotes.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(std::min(begin, text.size())));
  return parts;
}

/// One element of a header's list: `text/plain; version=1.0.0; q=0.5`.
struct Offer {
  std::string name;  // lower case
  std::vector<std::pair<std::string, std::string>> parameters;
  double q = 1;

  [[nodiscard]] std::optional<std::string> Find(std::string_view key) const {
    for (const auto& [name_of, value] : parameters) {
      if (name_of == key) {
        return value;
      }
    }
    return std::nullopt;
  }
};

// A q that is none makes the element worthless, not precious.
double QualityFrom(std::string_view text) {
  double q = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), q);
  const bool valid = error == std::errc() && end == text.data() + text.size() && q >= 0 && q <= 1;
  return valid ? q : 0;
}

std::vector<Offer> ParseOffers(std::string_view header) {
  std::vector<Offer> offers;
  for (const std::string_view element : Split(header, ',')) {
    const auto parts = Split(element, ';');
    Offer offer;
    offer.name = Lower(Trimmed(parts.front()));
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::size_t equals = std::min(parts[i].find('='), parts[i].size());
      std::string key = Lower(Trimmed(parts[i].substr(0, equals)));
      std::string_view value = Trimmed(parts[i].substr(std::min(equals + 1, parts[i].size())));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      if (key == "q") {
        offer.q = QualityFrom(value);
      }
      offer.parameters.emplace_back(std::move(key), std::string(value));
    }
    if (!offer.name.empty()) {
      offers.push_back(std::move(offer));
    }
  }
  return offers;
}

Negotiated Text004() {
  return {PageStyle{Format::kText, Escaping::kUnderscores}, std::string(kText004)};
}

// Absent or unknown schemes mean underscores, as in Prometheus.
Escaping EscapingOf(const Offer& offer) {
  const auto text = offer.Find("escaping");
  return (text ? EscapingFromText(*text) : std::nullopt).value_or(Escaping::kUnderscores);
}

std::optional<Negotiated> OpenMetricsFor(const Offer& offer) {
  const auto version = offer.Find("version");
  if (!version) {
    return Negotiated{PageStyle{Format::kOpenMetrics, Escaping::kUnderscores},
                      "application/openmetrics-text; version=1.0.0; charset=utf-8"};
  }
  if (*version != "1.0.0" && *version != "2.0.0") {
    return std::nullopt;
  }
  const Escaping escaping = EscapingOf(offer);
  return Negotiated{PageStyle{Format::kOpenMetrics, escaping},
                    "application/openmetrics-text; version=" + *version +
                        "; charset=utf-8; escaping=" + std::string(ToText(escaping))};
}

std::optional<Negotiated> TextFor(const Offer& offer) {
  const auto version = offer.Find("version");
  if (version == "1.0.0") {
    const Escaping escaping = EscapingOf(offer);
    return Negotiated{
        PageStyle{Format::kText, escaping},
        "text/plain; version=1.0.0; charset=utf-8; escaping=" + std::string(ToText(escaping))};
  }
  return !version || *version == "0.0.4" ? std::optional(Text004()) : std::nullopt;
}

std::optional<Negotiated> ServedFor(const Offer& offer) {
  if (offer.name == "application/openmetrics-text") {
    return OpenMetricsFor(offer);
  }
  if (offer.name == "text/plain") {
    return TextFor(offer);
  }
  return offer.name == "*/*" || offer.name == "text/*" ? std::optional(Text004()) : std::nullopt;
}

bool IsWildcard(const Offer& offer) { return offer.name.ends_with("/*"); }

}  // namespace

Negotiated NegotiateFormat(std::string_view accept) {
  auto offers = ParseOffers(accept);
  std::stable_sort(offers.begin(), offers.end(), [](const Offer& a, const Offer& b) {
    return a.q != b.q ? a.q > b.q : IsWildcard(a) < IsWildcard(b);
  });
  for (const Offer& offer : offers) {
    if (offer.q <= 0) {
      break;
    }
    if (auto served = ServedFor(offer)) {
      return *std::move(served);
    }
  }
  return Text004();
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> any;
  for (const Offer& offer : ParseOffers(accept_encoding)) {
    if (offer.name == "gzip" || offer.name == "x-gzip") {
      return offer.q > 0;
    }
    if (offer.name == "*") {
      any = offer.q;
    }
  }
  return any.value_or(0) > 0;
}

}  // namespace promtally::exposition
