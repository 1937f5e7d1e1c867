// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include <termios.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "web/passwords.h"

namespace promtally::cli {
namespace {

/// A terminal does not show what is typed until this is gone.
class Silence {
 public:
  Silence() {
    is_terminal_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (is_terminal_) {
      std::cerr << "Password: " << std::flush;
      termios quiet = before_;
      quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
  }
  ~Silence() {
    if (is_terminal_) {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
      std::cerr << '\n';
    }
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool is_terminal_ = false;
};

}  // namespace

int RunHashPassword() {
  std::string password;
  {
    const Silence silence;
    std::getline(std::cin, password);
  }
  const auto hash = web::HashPassword(password);
  if (!hash) {
    return PrintError(hash.error().message, kWrongUsage);
  }
  std::cout << *hash << '\n';
  return kDone;
}

}  // namespace promtally::cli
