// SPDX-License-Identifier: Apache-2.0
#include "web/passwords.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace promtally::web {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostFailures = 10;  // within kWindow, of one address
constexpr std::chrono::seconds kWindow{60};
constexpr std::size_t kMostAddresses = 10'000;
constexpr std::size_t kMostRemembered = 1'000;
constexpr std::size_t kMostWaiting = 64;  // comparisons, six seconds of work
constexpr std::size_t kBcryptBytes = 72;
constexpr const char* kBcryptPrefix = "$2b$";
constexpr unsigned long kCost = 10;

/// With the cost of the first real hash and a salt of its own: takes as long and matches nothing.
std::string FakeHash(const Passwords::Users& users) {
  const std::string cost = users.empty() ? "10" : users.front().second.substr(4, 2);
  return "$2y$" + cost + "$" + std::string(22, 'O') + std::string(31, '.');
}

/// Whom failures are counted for: the address, of IPv6 its network, since one host has all of it.
std::string NetworkOf(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) {
    return address;
  }
  const bool is_mapped = std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
  constexpr std::size_t kPrefix = 8;
  return is_mapped ? std::string(bytes.begin() + kMapped.size(), bytes.end())
                   : std::string(bytes.begin(), bytes.begin() + kPrefix);
}

struct Job {
  std::string place;  // among those that wait
  std::string password;
  std::string hash;
};

}  // namespace

bool MatchesHash(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();
  const char* const made = crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool same = made != nullptr && hash.size() == std::char_traits<char>::length(made) &&
                    CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return same;
}

base::Result<std::string> HashPassword(const std::string& password) {
  if (password.empty() || password.find('\0') != std::string::npos) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the password is empty or has a NUL inside");
  }
  if (password.size() > kBcryptBytes) {
    return base::Fail(base::ErrorCode::kTooLarge,
                      "the password has more than 72 bytes, which is all that bcrypt reads");
  }
  const auto data = std::make_unique<crypt_data>();
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> salt{};
  const char* const made = crypt_gensalt_rn(kBcryptPrefix, kCost, nullptr, 0, salt.data(),
                                            static_cast<int>(salt.size()));
  const char* const hash = made == nullptr ? nullptr : crypt_r(password.c_str(), made, data.get());
  if (hash == nullptr || hash[0] == '*') {
    return base::Fail(base::ErrorCode::kInternal, "libcrypt makes no bcrypt hash");
  }
  return std::string(hash);
}

struct Passwords::State : std::enable_shared_from_this<Passwords::State> {
  explicit State(boost::asio::io_context& its_loop) : loop(its_loop) {
    if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
      throw std::bad_alloc();  // no randomness: nothing could be trusted
    }
  }

  [[nodiscard]] std::string KeyOf(const PasswordQuestion& question, const std::string& hash) const;
  [[nodiscard]] Clock::duration Blocked(const std::string& address, Clock::time_point now);
  void Finish(const std::string& place, bool good);
  void Run();

  /// Who waits for one comparison.
  struct Waiting {
    std::string key;
    std::string address;
    bool known = false;  // the user exists
    std::vector<Answer> answers;
  };
  struct Failures {
    std::deque<Clock::time_point> times;
    int under_way = 0;
  };

  boost::asio::io_context& loop;
  std::array<unsigned char, 32> secret{};
  // Loop thread.
  std::set<std::string> remembered;
  std::map<std::string, Waiting> waiting;
  std::unordered_map<std::string, Failures> failures;
  // Under the mutex.
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool stopping = false;
  std::thread thread;
};

std::string Passwords::State::KeyOf(const PasswordQuestion& question,
                                    const std::string& hash) const {
  // A user's name cannot hold a NUL (it came without), nor can a hash: the text has one meaning.
  std::string text = question.user;
  text += '\0';
  text += hash;
  text += '\0';
  text += question.password;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  OPENSSL_cleanse(text.data(), text.size());
  return std::string(digest.begin(), digest.begin() + size);
}

/// How long the address has to wait; zero: not at all.
Clock::duration Passwords::State::Blocked(const std::string& address, Clock::time_point now) {
  const auto drop_old = [now](Failures& each) {
    while (!each.times.empty() && now - each.times.front() >= kWindow) {
      each.times.pop_front();
    }
    return each.times.empty() && each.under_way == 0;
  };
  if (failures.size() > kMostAddresses) {
    for (auto entry = failures.begin(); entry != failures.end();) {
      entry = drop_old(entry->second) ? failures.erase(entry) : std::next(entry);
    }
  }
  const auto found = failures.find(address);
  if (found == failures.end()) {
    // Full of addresses that failed within the last minute: an attack from everywhere.
    return failures.size() > kMostAddresses ? kWindow : Clock::duration::zero();
  }
  drop_old(found->second);
  const auto& [times, under_way] = found->second;
  if (static_cast<int>(times.size()) + under_way < kMostFailures) {
    return Clock::duration::zero();
  }
  return times.empty() ? std::chrono::seconds(1) : kWindow - (now - times.front());
}

void Passwords::State::Finish(const std::string& place, bool good) {
  const auto found = waiting.find(place);
  if (found == waiting.end()) {
    return;
  }
  const Waiting done = std::move(found->second);
  waiting.erase(found);
  const bool is_right = good && done.known;
  Failures& of_address = failures[done.address];
  --of_address.under_way;
  if (is_right) {
    if (remembered.size() >= kMostRemembered) {
      remembered.erase(remembered.begin());
    }
    remembered.insert(done.key);
  } else {
    of_address.times.push_back(Clock::now());
  }
  if (of_address.times.empty() && of_address.under_way == 0) {
    failures.erase(done.address);
  }
  for (const Answer& answer : done.answers) {
    answer(is_right ? PasswordVerdict::kGood : PasswordVerdict::kWrong, base::Seconds(0));
  }
}

void Passwords::State::Run() {
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return stopping || !jobs.empty(); });
    if (stopping) {
      return;
    }
    Job job = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    const bool good = MatchesHash(job.password, job.hash);
    OPENSSL_cleanse(job.password.data(), job.password.size());
    boost::asio::post(loop, [weak = weak_from_this(), place = std::move(job.place), good] {
      if (const auto state = weak.lock()) {
        state->Finish(place, good);
      }
    });
    lock.lock();
  }
}

Passwords::Passwords(boost::asio::io_context& loop) : state_(std::make_shared<State>(loop)) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

Passwords::~Passwords() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

void Passwords::Check(PasswordQuestion question, const Users& users, const Answer& answer) {
  State& state = *state_;
  question.address = NetworkOf(question.address);
  const auto now = Clock::now();
  if (const auto blocked = state.Blocked(question.address, now);
      blocked > Clock::duration::zero()) {
    answer(PasswordVerdict::kTooMany, std::chrono::ceil<base::Seconds>(blocked));
    return;
  }
  const std::string* hash = nullptr;
  for (const auto& [name, its_hash] : users) {
    hash = name == question.user ? &its_hash : hash;
  }
  const std::string compared = hash != nullptr ? *hash : FakeHash(users);
  const std::string key = state.KeyOf(question, compared);
  if (state.remembered.contains(key)) {
    answer(PasswordVerdict::kGood, base::Seconds(0));
    return;
  }
  // From another address a guess of its own, so that each address pays for its guesses.
  const std::string place = key + question.address;
  if (const auto found = state.waiting.find(place); found != state.waiting.end()) {
    found->second.answers.push_back(answer);
    return;
  }
  if (state.waiting.size() >= kMostWaiting) {
    answer(PasswordVerdict::kTooMany, base::Seconds(1));
    return;
  }
  ++state.failures[question.address].under_way;
  state.waiting[place] = {key, question.address, hash != nullptr, {answer}};
  {
    const std::lock_guard lock(state.mutex);
    state.jobs.push_back({place, std::move(question.password), compared});
  }
  state.wake.notify_one();
}

}  // namespace promtally::web
