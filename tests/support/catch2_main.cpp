// The main() of every test program with Catch2 2.13; version 3 brings its own, and this file is not compiled.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
