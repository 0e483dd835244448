#pragma once

namespace reprise::cli {

/// The whole command line. Returns the exit code.
int run(int argc, char** argv);

}  // namespace reprise::cli
