#pragma once

// What must hold: histories and their checks, and properties, which want rapidcheck. Brings in the
// rest of the library, which they are used with.

#include <reprise/core.hpp>
#include <reprise/properties/checked_history.hpp>
#include <reprise/properties/history.hpp>
#include <reprise/properties/linearizable.hpp>
#include <reprise/properties/model.hpp>
#include <reprise/properties/models.hpp>
#if __has_include(<rapidcheck.h>)
#include <reprise/properties/generators.hpp>
#include <reprise/properties/program.hpp>
#include <reprise/properties/property.hpp>
#include <reprise/properties/stateful.hpp>
#endif
#include <reprise/properties/sequentially_consistent.hpp>
#include <reprise/properties/sessions.hpp>
#include <reprise/properties/test_case.hpp>
#include <reprise/replay.hpp>
