#pragma once

// All of reprise that needs nothing beyond its own library.
#include <reprise/core.hpp>
#include <reprise/replay.hpp>
