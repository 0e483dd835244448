#include "cli.hpp"

int main(int argc, char** argv) { return reprise::cli::run(argc, argv); }
