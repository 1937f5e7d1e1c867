// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <fmt/format.h>

namespace promtally::cli {

std::string Version() { return PROMTALLY_VERSION; }

std::string Compiler() {
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
}

std::string BuildType() { return PROMTALLY_BUILD_TYPE; }

std::string VersionText() {
  return fmt::format(
      "promtally, version {}\n"
      "  compiler:         {}\n"
      "  build type:       {}\n"
      "  platform:         linux/{}\n",
      Version(), Compiler(), BuildType(),
#if defined(__x86_64__)
      "amd64"
#elif defined(__aarch64__)
      "arm64"
#else
      "unknown"
#endif
  );
}

}  // namespace promtally::cli
