#pragma once

// Everything of replay: scenarios, searching, replaying, traces.

#include <reprise/replay/explore.hpp>
#include <reprise/replay/scenario.hpp>
#include <reprise/replay/trace.hpp>
