// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "cli/options.h"

namespace CLI {
class App;
}

namespace promtally::cli {

/// The sub-commands that say what would be billed, before anything is: test, diff, reconcile.
class PreviewCommands {
 public:
  /// Is told what to run once a command was named.
  using Choose = std::function<void(std::function<int()>)>;

  /// Lives as long as the application does.
  void AddTo(CLI::App* application, const Choose& choose);

 private:
  void AddTest(CLI::App* application, const Choose& choose);
  void AddDiff(CLI::App* application, const Choose& choose);
  void AddReconcile(CLI::App* application, const Choose& choose);

  TestOptions test_;
  DiffOptions diff_;
  ReconcileOptions reconcile_;
};

}  // namespace promtally::cli
