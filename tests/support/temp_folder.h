// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace promtally::test {

/// An empty folder of its own that is gone, with all that is in it, when the test ends.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace promtally::test
