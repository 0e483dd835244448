#!/usr/bin/env bash
# A user without a build system: the two lines of the README, for a program of scenarios and for one with a main() of its own.
set -e
# shellcheck disable=SC2046  # flags are words
"${CXX:-g++}" -std=c++20 hello.cpp -o hello $(pkg-config --cflags --libs reprise-main)
# shellcheck disable=SC2046
"${CXX:-g++}" -std=c++20 own_main.cpp -o own_main $(pkg-config --cflags --libs reprise)
# shellcheck disable=SC2046
"${CXX:-g++}" -std=c++20 checks.cpp -o checks $(pkg-config --cflags --libs reprise-properties)
