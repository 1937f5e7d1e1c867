// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace promtally::cli {

/// Parses the command line, runs the sub-command and returns the exit status: 0 done, 1 the work
/// failed or is not complete, 2 wrong usage, 3 the configuration is invalid, 4 no source could be
/// reached, 70 internal error.
int RunProgram(int argc, char** argv);

}  // namespace promtally::cli
