// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace promtally::base {

/// What kind of failure it was. Code decides behaviour; the message is for people and is never
/// parsed.
enum class ErrorCode {
  kInvalidArgument,
  kNotFound,
  kParse,
  kUnavailable,
  kTimeout,
  kCancelled,
  kRejected,
  kTooLarge,
  kConflict,
  kInternal,
};

/// One failure, as a value. `message` is one line, lower case, without a full stop.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

/// The result of everything that can fail. Functions that return it are [[nodiscard]].
template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// The same failure with a place or an action in front: "open ledger: disk full".
[[nodiscard]] inline tl::unexpected<Error> Fail(std::string_view context, const Error& cause) {
  return Fail(cause.code, std::string(context) + ": " + cause.message);
}

}  // namespace promtally::base
