#pragma once

// Everything of replay: scenarios, searching, replaying.

#include <reprise/replay/explore.hpp>
#include <reprise/replay/scenario.hpp>
