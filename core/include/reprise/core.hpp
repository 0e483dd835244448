#pragma once

// Everything of core: what a program under simulation uses.

#include <reprise/core/barrier.hpp>
#include <reprise/core/choice.hpp>
#include <reprise/core/claims.hpp>
#include <reprise/core/co.hpp>
#include <reprise/core/co_task.hpp>
#include <reprise/core/condition_variable.hpp>
#include <reprise/core/errors.hpp>
#include <reprise/core/event.hpp>
#include <reprise/core/format.hpp>
#include <reprise/core/future.hpp>
#include <reprise/core/gather.hpp>
#include <reprise/core/generator.hpp>
#include <reprise/core/latch.hpp>
#include <reprise/core/log.hpp>
#include <reprise/core/mutex.hpp>
#include <reprise/core/offload.hpp>
#include <reprise/core/operation.hpp>
#include <reprise/core/prng.hpp>
#include <reprise/core/queue.hpp>
#include <reprise/core/run.hpp>
#include <reprise/core/semaphore.hpp>
#include <reprise/core/shared_mutex.hpp>
#include <reprise/core/strategy.hpp>
#include <reprise/core/stream.hpp>
#include <reprise/core/task.hpp>
#include <reprise/core/task_group.hpp>
#include <reprise/core/task_local.hpp>
#include <reprise/core/timeout.hpp>
#include <reprise/core/timer.hpp>
#include <reprise/core/token.hpp>
#include <reprise/core/trace_event.hpp>
#include <reprise/core/virtual_clock.hpp>
#include <reprise/core/wait.hpp>
