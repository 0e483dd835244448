#pragma once

// The whole library, but for what needs rapidcheck, Catch2 or Beast.

#include <reprise/core.hpp>
#include <reprise/replay.hpp>
