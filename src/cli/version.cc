// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <fmt/format.h>

#include "cli/build_facts.h"

namespace promtally::cli {

std::string Version() { return PROMTALLY_VERSION; }

std::string Compiler() {
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
}

std::string BuildType() { return PROMTALLY_BUILD_TYPE; }

std::string Revision() { return PROMTALLY_REVISION; }
std::string Branch() { return PROMTALLY_BRANCH; }
std::string BuildDate() { return PROMTALLY_BUILD_DATE; }

std::string VersionText() {
  return fmt::format(
      "promtally, version {} (branch: {}, revision: {})\n"
      "  build date:       {}\n"
      "  build type:       {}\n"
      "  compiler:         {}\n"
      "  platform:         linux/{}\n",
      Version(), Branch(), Revision(), BuildDate(), BuildType(), Compiler(),
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
