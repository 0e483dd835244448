#pragma once

// Everything of replay: scenarios, searching, campaigns, replaying, traces.

#include <reprise/replay/campaign.hpp>
#include <reprise/replay/case_file.hpp>
#include <reprise/replay/check.hpp>
#include <reprise/replay/corpus.hpp>
#include <reprise/replay/determinism.hpp>
#include <reprise/replay/explain.hpp>
#include <reprise/replay/explore.hpp>
#include <reprise/replay/recorded_choices.hpp>
#include <reprise/replay/replay_case.hpp>
#include <reprise/replay/scenario.hpp>
#include <reprise/replay/shard.hpp>
#include <reprise/replay/shrink.hpp>
#include <reprise/replay/trace.hpp>
#include <reprise/replay/trace_reader.hpp>
