#pragma once

// Everything of replay: scenarios, searching, campaigns, replaying, traces.

#include <reprise/replay/campaign.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/scenario.hpp>
#include <reprise/replay/shard.hpp>
#include <reprise/replay/signature.hpp>
#include <reprise/replay/trace.hpp>
