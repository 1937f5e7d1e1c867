// SPDX-License-Identifier: Apache-2.0
#include "source/classify.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace promtally::source {
namespace {

constexpr base::Milliseconds kRetryAfterLimit{3'600'000};

// Of Prometheus, Thanos and Mimir; the second part of VictoriaMetrics.
constexpr std::array<std::string_view, 16> kPermanentTexts = {
    "parse error",
    "invalid parameter \"query\"",
    "many-to-many",
    "many to many",
    "found duplicate series",
    "vector cannot contain metrics with the same labelset",
    "unknown function",
    "invalid expression type",
    "multiple matches for labels",
    "duplicate time series",
    "unsupported function",
    "unknown func",
    "unparsed data",
    "unexpected token",
    "cannot parse query",
    "unexpected number of args",
};

QueryFailure Failure(Disposition disposition, std::string reason, std::string_view detail) {
  QueryFailure failure;
  failure.disposition = disposition;
  failure.reason = std::move(reason);
  failure.detail = OneLine(detail);
  return failure;
}

/// Without the contents of quoted texts, but for a quoted `query`: a label value that reads like an
/// error must not make one.
std::string WithoutQuoted(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    plain += text[at];
    if (text[at++] != '"') {
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && text[at] != '"') {
      at += text[at] == '\\' ? 2U : 1U;
    }
    at = std::min(at, text.size());
    const std::string_view quoted = text.substr(begin, at - begin);
    plain += quoted == "query" ? quoted : std::string_view();
    if (at < text.size()) {
      plain += text[at++];
    }
  }
  return plain;
}

/// What the server says about a failure: its error text, else how its body begins.
std::string Said(const net::HttpResponse& response, const DecodedAnswer& answer) {
  const std::string& text = answer.error.empty() ? answer.head : answer.error;
  std::string said = "HTTP " + std::to_string(response.status);
  return text.empty() ? said : said + ": " + text;
}

std::optional<base::Milliseconds> RetryAfter(const net::HttpResponse& response, base::Instant now) {
  const std::string* const text = response.Header("retry-after");
  if (text == nullptr) {
    return std::nullopt;
  }
  if (!text->empty() && text->find_first_not_of("0123456789") == std::string::npos) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    const std::int64_t limit = kRetryAfterLimit.count() / 1000;
    const bool usable = error == std::errc() && seconds < limit;  // too many digits: a long time
    return usable ? base::Seconds(seconds) : kRetryAfterLimit;
  }
  const base::Result<base::Instant> date = base::ParseHttpDate(*text);
  if (!date) {
    return std::nullopt;
  }
  const base::Milliseconds wait = *date - ServerDate(response).value_or(now);
  return std::clamp(wait, base::Milliseconds(0), kRetryAfterLimit);
}

/// The transfer itself failed: there is no whole answer to look at.
QueryFailure OfTransfer(const net::HttpResponse& response) {
  QueryFailure failure = Failure(Disposition::kRetry, "unreachable", response.error_text);
  switch (response.error) {
    case net::TransferError::kTimeout:
      failure.reason = "timeout";
      failure.connection = true;
      break;
    case net::TransferError::kIncompleteBody:
      failure.reason = "incomplete_body";
      break;
    case net::TransferError::kTooLarge:
      failure.disposition = Disposition::kSplit;
      failure.reason = "too_large";
      failure.over_byte_limit = true;
      break;
    case net::TransferError::kConnect:
      failure.connection = true;
      break;
    case net::TransferError::kNone:
    case net::TransferError::kAborted:
    case net::TransferError::kCancelled:
      break;
  }
  return failure;
}

/// 422, and `status: error` whatever the status.
QueryFailure OfQueryError(const net::HttpResponse& response, const DecodedAnswer& answer) {
  const bool permanent =
      IsPermanentError(answer.error.empty() ? std::string_view(answer.head) : answer.error);
  return Failure(permanent ? Disposition::kPermanent : Disposition::kSplit, "query_error",
                 Said(response, answer));
}

bool IsQueryTimeout(const DecodedAnswer& answer) {
  return answer.error_type == "timeout" || answer.error.find("timed out") != std::string::npos ||
         answer.error.find("timeout exceeded") != std::string::npos ||
         answer.error.find("deadline exceeded") != std::string::npos;
}

QueryFailure OfStatus(const net::HttpResponse& response, const DecodedAnswer& answer) {
  const int status = response.status;
  const std::string said = Said(response, answer);
  if (status >= 300 && status < 400) {
    return Failure(Disposition::kPermanent, "redirect", said);
  }
  if (status == 422) {
    return OfQueryError(response, answer);
  }
  if (status == 413) {
    QueryFailure failure = Failure(Disposition::kSplit, "too_large", said);
    failure.over_byte_limit = true;
    return failure;
  }
  // A proxy's page may hold any words: a 400 is permanent by an error of the API only.
  if (status == 400 && answer.status == "error" && IsPermanentError(answer.error)) {
    return Failure(Disposition::kPermanent, "query_error", said);
  }
  const bool too_long = status == 400 && answer.error.find("too long query") != std::string::npos;
  if (too_long || (status == 503 && IsQueryTimeout(answer))) {
    return Failure(Disposition::kSplit, "query_error", said);
  }
  return Failure(Disposition::kRetry, "http_status", said);
}

/// The answer is of another kind than the query must give.
std::optional<QueryFailure> OfShape(const DecodedAnswer& answer, Expect expect) {
  std::string wrong = answer.shape_fault;
  if (expect == Expect::kNames) {
    if (!answer.has_names) {
      wrong = "the answer is no list of names";
    }
  } else if (const std::string wanted = expect == Expect::kMatrix ? "matrix" : "vector";
             answer.result_type != wanted && wrong.empty()) {
    wrong = answer.result_type.empty()
                ? "the answer has no result type"
                : "the result is a " + answer.result_type + ", not a " + wanted;
  } else if (!answer.has_result) {
    wrong = "the answer has no result";
  }
  if (wrong.empty()) {
    return std::nullopt;
  }
  return Failure(Disposition::kPermanent, "wrong_type", wrong);
}

std::optional<QueryFailure> OfBody(const net::HttpResponse& response, const DecodedAnswer& answer,
                                   Expect expect) {
  if (!answer.is_json) {
    return Failure(Disposition::kRetry, "not_json",
                   answer.json_error + (answer.head.empty() ? "" : ": " + answer.head));
  }
  if (answer.status == "error") {
    return OfQueryError(response, answer);
  }
  if (answer.status != "success") {
    return Failure(Disposition::kRetry, "bad_status",
                   answer.status ? "status " + *answer.status : "the answer has no status");
  }
  if (std::optional<QueryFailure> shape = OfShape(answer, expect)) {
    return shape;
  }
  if (answer.partial) {
    return Failure(Disposition::kRetry, "partial", "the server says that the answer is partial");
  }
  if (!answer.answer.warnings().empty()) {
    return Failure(Disposition::kRetry, "warnings", answer.answer.warnings().front());
  }
  return std::nullopt;
}

}  // namespace

std::optional<QueryFailure> Classify(const net::HttpResponse& response, const DecodedAnswer& answer,
                                     Expect expect, base::Instant now) {
  std::optional<QueryFailure> failure;
  if (response.error != net::TransferError::kNone) {
    failure = OfTransfer(response);
  } else if (response.status < 200 || response.status > 299) {
    failure = OfStatus(response, answer);
  } else {
    failure = OfBody(response, answer, expect);
  }
  if (failure) {
    failure->retry_after = RetryAfter(response, now);
  }
  return failure;
}

bool IsPermanentError(std::string_view text) {
  const std::string plain = WithoutQuoted(text);
  return std::any_of(kPermanentTexts.begin(), kPermanentTexts.end(), [&](std::string_view known) {
    return plain.find(known) != std::string::npos;
  });
}

std::optional<base::Instant> ServerDate(const net::HttpResponse& response) {
  const std::string* const text = response.Header("date");
  if (text == nullptr) {
    return std::nullopt;
  }
  const base::Result<base::Instant> date = base::ParseHttpDate(*text);
  return date ? std::optional(*date) : std::nullopt;
}

}  // namespace promtally::source
