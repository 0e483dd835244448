#pragma once

namespace reprise::detail {

/// Whether events that a sink hears know who told them (`trace_event::place`). Set before any run:
/// finding out costs more than telling. Off, it costs a look.
inline bool events_have_places = false;

}  // namespace reprise::detail
