#pragma once

// What must hold: histories and their checks. Brings in the rest of the library, which they are
// used with.

#include <reprise/core.hpp>
#include <reprise/properties/checked_history.hpp>
#include <reprise/properties/history.hpp>
#include <reprise/properties/linearizable.hpp>
#include <reprise/properties/model.hpp>
#include <reprise/properties/models.hpp>
#include <reprise/properties/sequentially_consistent.hpp>
#include <reprise/properties/sessions.hpp>
#include <reprise/replay.hpp>
