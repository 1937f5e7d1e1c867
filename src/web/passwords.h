// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "promtally/base/result.h"
#include "promtally/base/time.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

struct PasswordQuestion {
  std::string user;
  std::string password;
  std::string address;  ///< who asks
};

enum class PasswordVerdict {
  kGood,
  kWrong,    ///< no such user, or another password: the same work and the same answer
  kTooMany,  ///< wrong ten times within a minute, or too many comparisons under way
};

/// Compares passwords with bcrypt hashes on a thread of its own: one comparison takes a tenth of a
/// second. What was right is remembered under an HMAC of user, hash and password with a key that
/// only this process has; what was wrong is not. Comparisons under way count as failures until they
/// turn out right, so that guesses sent together are limited as well.
///
/// Threads: construct, destroy and call on the loop's; answers come there. The loop must outlive
/// it.
class Passwords {
 public:
  using Users = std::vector<std::pair<std::string, std::string>>;  ///< name and bcrypt hash
  /// `wait`: with kTooMany, when it is worth to ask again.
  using Answer = std::function<void(PasswordVerdict, base::Seconds wait)>;

  explicit Passwords(boost::asio::io_context& loop);
  ~Passwords();
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;

  /// Answers at once (before it returns) where the pair is remembered or the address has failed
  /// too often.
  void Check(PasswordQuestion question, const Users& users, const Answer& answer);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// bcrypt of a password, `$2b$10$…`. kTooLarge above 72 bytes, which is all that bcrypt reads;
/// kInvalidArgument for an empty one or one with a NUL. Takes a tenth of a second; any thread.
[[nodiscard]] base::Result<std::string> HashPassword(const std::string& password);

/// Takes as long as the hash's cost says; any thread.
[[nodiscard]] bool MatchesHash(const std::string& password, const std::string& hash);

}  // namespace promtally::web
