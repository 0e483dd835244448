#!/usr/bin/env python3
"""Random programs and CPython's traces of them, for generated_test.cpp: one JSON record a line.

    python3.13 generate.py PATH/TO/vloop.py FIRST COUNT [CHARACTERS] > ../golden/generated.jsonl

A program is a tree of operations, [name, number, arguments…], in functions; functions[0] is the main task. The class World
below runs it on asyncio, interpreter.cpp on reprise. Delays are in ticks of 1/512 s, which doubles and nanoseconds both hold. A
function calls, spawns and awaits later ones only, so that nothing waits for itself in a circle, which asyncio can't cancel.
CPython loses what a cancellation said (`task.cancel("why")`) in the results of a gather, and for the second who awaits the task;
reprise does not, so it is not written of results, and there is the odd program, one in thousands, of which the traces differ by it.
With CHARACTERS, programs that come out longer are left out. Not run by the tests: it needs the oracle's virtual-time loop.
"""

import asyncio
import contextvars
import gc
import importlib.util
import json
import random
import sys
import warnings

TICK = 512


class World:
    """What the functions of a program share, and its interpreter."""

    def __init__(self, program, trace, vloop):
        self.p, self.trace, self.vloop = program, trace, vloop
        self.loop = asyncio.get_running_loop()
        self.budget = program["budget"]
        self.locks = [asyncio.Lock() for _ in range(program["locks"])]
        self.conds = [asyncio.Condition(lock) for lock in self.locks]
        self.counters = [0] * len(self.locks)
        self.sems = [asyncio.Semaphore(n) for n in program["semaphores"]]
        self.events = [asyncio.Event() for _ in range(program["events"])]
        kinds = {"fifo": asyncio.Queue, "lifo": asyncio.LifoQueue, "priority": asyncio.PriorityQueue}
        self.queues = [kinds[kind](n) for kind, n in program["queues"]]
        self.barriers = [asyncio.Barrier(n) for n in program["barriers"]]
        self.futures = [self.loop.create_future() for _ in range(program["futures"])]
        self.slots = [None] * len(program["slots"])
        self.timers = {}
        self.variable = contextvars.ContextVar("variable", default=0)
        self.kept = []      # a task that nobody holds could be collected while it waits

    def log(self, op, *values):
        self.trace.log(op[0], i=op[1], v=list(values))

    def spawn(self, f, by=None):
        coroutine = self.function(f)
        # A callback runs in its maker's context; a task_local has its initial value there.
        context = contextvars.Context() if asyncio.current_task() is None else None
        try:
            t = (by or self.loop).create_task(coroutine, context=context)
        except RuntimeError:
            coroutine.close()
            raise
        self.kept.append(t)
        return t

    async def function(self, f):
        return await self.block(self.p["functions"][f], {"group": None, "timeout": None}) or f

    async def block(self, ops, frame):
        for op in ops:
            self.budget -= 1
            if self.budget >= 0:
                await getattr(self, "do_" + op[0])(op, frame, *op[2:])

    def tasks(self, slots):
        return list(dict.fromkeys(t for t in (self.slots[s] for s in slots) if t is not None))

    @staticmethod
    def outcome(x):
        if isinstance(x, BaseExceptionGroup):
            return ["ExceptionGroup"] + [World.outcome(e) for e in x.exceptions]
        if isinstance(x, (ValueError, asyncio.CancelledError)):
            return [type(x).__name__, str(x)]
        return [type(x).__name__] if isinstance(x, BaseException) else x

    @staticmethod
    def outcomes(results):
        return [["CancelledError"] if isinstance(x, asyncio.CancelledError) else World.outcome(x) for x in results]

    # what a callback can do, too
    def act(self, op, what, *a):
        if what == "log":
            self.log(op)
        elif what == "cancel":
            t = self.slots[a[0]]
            self.log(op, None if t is None else t.cancel())
        elif what == "set":
            self.events[a[0]].set()
            self.log(op)
        elif what == "clear":
            self.events[a[0]].clear()
            self.log(op)
        elif what == "release":
            self.sems[a[0]].release()
            self.log(op, self.sems[a[0]].locked())
        elif what == "put":
            try:
                self.queues[a[0]].put_nowait(a[1])
                self.log(op, True)
            except asyncio.QueueFull:
                self.log(op, False)
            except asyncio.QueueShutDown:
                self.log(op, "closed")
        elif what == "take":
            try:
                self.log(op, self.queues[a[0]].get_nowait())
            except (asyncio.QueueEmpty, asyncio.QueueShutDown):
                self.log(op, None)
        elif what == "task_done":
            try:
                self.queues[a[0]].task_done()
                self.log(op, True)
            except ValueError:
                self.log(op, False)
        elif what == "close":
            self.queues[a[0]].shutdown()
            self.log(op)
        elif what == "fulfil":
            f = self.futures[a[0]]
            if f.done():
                self.log(op, False)
            else:
                f.set_exception(ValueError("f")) if a[1] is None else f.set_result(a[1])
                self.log(op, True)
        elif what == "cancel_future":
            self.log(op, self.futures[a[0]].cancel())
        elif what == "cancel_timer":
            if a[0] in self.timers:
                self.timers[a[0]].cancel()
            self.log(op)
        elif what == "soon":
            self.log(op)
            self.timers[op[1]] = self.loop.call_soon(self.act, op, *a[0])
        elif what == "later":
            self.log(op)
            self.timers[op[1]] = self.loop.call_later(a[0] / TICK, self.act, op, *a[1])
        elif what == "at":
            self.log(op)
            self.timers[op[1]] = self.loop.call_at(a[0] / TICK, self.act, op, *a[1])
        elif what == "spawn":
            self.slots[a[0]] = self.spawn(self.p["slots"][a[0]])
            self.log(op)

    async def do_act(self, op, frame, action):
        self.act(op, *action)

    async def do_sleep(self, op, frame, ticks):
        await asyncio.sleep(ticks / TICK)
        self.log(op)

    async def do_spend(self, op, frame, ticks):
        self.loop.advance(ticks / TICK)
        self.log(op)

    async def do_random(self, op, frame, most):
        n = random.randint(0, most)
        self.log(op, n)
        await asyncio.sleep(n * 8 / TICK)

    async def do_lock(self, op, frame, i, body):
        async with self.locks[i]:
            self.log(op)
            await self.block(body, frame)

    async def do_semaphore(self, op, frame, i, body):
        async with self.sems[i]:
            self.log(op)
            await self.block(body, frame)

    async def do_event(self, op, frame, i):
        await self.events[i].wait()
        self.log(op, self.events[i].is_set())

    async def do_put(self, op, frame, i, value):
        try:
            await self.queues[i].put(value)
            self.log(op, self.queues[i].qsize())
        except asyncio.QueueShutDown:
            self.log(op, "closed")

    async def do_get(self, op, frame, i):
        try:
            self.log(op, await self.queues[i].get())
        except asyncio.QueueShutDown:
            self.log(op, None)

    async def do_join(self, op, frame, i):
        await self.queues[i].join()
        self.log(op)

    async def do_condition(self, op, frame, i):
        async with self.conds[i]:
            await self.conds[i].wait()
            self.log(op)

    async def do_condition_for(self, op, frame, i, least):
        async with self.conds[i]:
            await self.conds[i].wait_for(lambda: self.counters[i] >= least)
            self.log(op, self.counters[i])

    async def do_notify(self, op, frame, i, n):
        async with self.conds[i]:
            self.counters[i] += 1
            self.conds[i].notify_all() if n == 0 else self.conds[i].notify(n)
            self.log(op)

    async def do_barrier(self, op, frame, i):
        try:
            self.log(op, await self.barriers[i].wait())
        except asyncio.BrokenBarrierError:
            self.log(op, None)

    async def do_abort(self, op, frame, i):
        await self.barriers[i].abort()
        self.log(op)

    async def do_reset(self, op, frame, i):
        await self.barriers[i].reset()
        self.log(op)

    async def do_future(self, op, frame, i):
        self.log(op, await self.futures[i])

    async def do_fresh(self, op, frame, i):
        if self.futures[i].done():
            self.futures[i] = self.loop.create_future()
        self.log(op)

    async def do_await(self, op, frame, s):
        t = self.slots[s]
        self.log(op, None if t is None else await t)

    async def do_state(self, op, frame, s):
        t = self.slots[s]
        self.log(op, *([] if t is None else [t.done(), t.cancelled(), t.cancelling()]))

    async def do_callback(self, op, frame, s):
        t = self.slots[s]
        if t is not None:
            t.add_done_callback(lambda t: self.log(op, "cancelled" if t.cancelled() else self.outcome(t.exception() or t.result())))

    async def do_cancel_message(self, op, frame, s, message):
        t = self.slots[s]
        self.log(op, None if t is None else t.cancel(message))

    async def do_cancel_self(self, op, frame):
        self.log(op, asyncio.current_task().cancel())

    async def do_uncancel(self, op, frame):
        me = asyncio.current_task()
        self.log(op, me.cancelling(), me.uncancel())

    async def do_gather(self, op, frame, slots, returned):
        ts = self.tasks(slots)
        self.log(op, self.outcomes(await asyncio.gather(*ts, return_exceptions=returned)))

    async def do_gather_new(self, op, frame, fs, returned):
        ts = [self.spawn(f) for f in fs]
        self.log(op, self.outcomes(await asyncio.gather(*ts, return_exceptions=returned)))

    async def do_gather_own(self, op, frame, fs):
        self.log(op, self.outcomes(await asyncio.gather(*[self.spawn(f) for f in fs], return_exceptions=True)))

    async def do_wait(self, op, frame, slots, what, within):
        ts = self.tasks(slots)
        if ts:
            modes = [asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION]
            done, _ = await asyncio.wait(ts, return_when=modes[what], timeout=None if within is None else within / TICK)
            self.log(op, [t in done for t in ts])

    async def do_as_completed(self, op, frame, slots, within, most):
        ts = self.tasks(slots)
        # Of several that are done already, CPython's order is by address.
        ended = [t for t in ts if t.done()]
        ts = [t for t in ts if t not in ended[1:]]
        for n, f in enumerate(asyncio.as_completed(ts, timeout=None if within is None else within / TICK)):
            if n == most:
                f.close()
                break
            try:
                self.log(op, await f)
            except Exception as e:
                self.log(op, self.outcome(e))
        self.log(op)

    async def do_timeout(self, op, frame, how, ticks, body):
        when = None if ticks is None else ticks / TICK
        try:
            async with (asyncio.timeout_at if how == "at" else asyncio.timeout)(when) as scope:
                await self.block(body, {**frame, "timeout": scope})
            self.log(op, True)
        except TimeoutError:
            self.log(op, False)

    async def do_reschedule(self, op, frame, ticks):
        scope = frame["timeout"]
        if scope is not None:
            try:
                scope.reschedule(None if ticks is None else self.loop.time() + ticks / TICK)
                self.log(op, scope.expired())
            except RuntimeError:
                self.log(op, "late")

    async def do_wait_for_call(self, op, frame, f, ticks):
        try:
            if ticks <= 0:
                value = await asyncio.wait_for(self.spawn(f), ticks / TICK)
            else:
                value = await asyncio.wait_for(self.function(f), ticks / TICK)
            self.log(op, value)
        except TimeoutError:
            self.log(op, "time")

    async def do_wait_for(self, op, frame, s, ticks):
        t = self.slots[s]
        if t is not None:
            try:
                self.log(op, await asyncio.wait_for(t, ticks / TICK))
            except TimeoutError:
                self.log(op, "time")

    async def do_shield(self, op, frame, s):
        t = self.slots[s]
        if t is not None:
            self.log(op, await asyncio.shield(t))

    async def do_shield_call(self, op, frame, f):
        self.log(op, await asyncio.shield(self.spawn(f)))

    async def do_group(self, op, frame, body):
        try:
            async with asyncio.TaskGroup() as g:
                await self.block(body, {**frame, "group": g})
            self.log(op)
        except BaseExceptionGroup as e:
            self.log(op, self.outcome(e))

    async def do_group_spawn(self, op, frame, s):
        if frame["group"] is not None:
            try:
                self.slots[s] = self.spawn(self.p["slots"][s], frame["group"])
                self.log(op, True)
            except RuntimeError:
                self.log(op, False)

    async def do_offload(self, op, frame, ticks, value):
        def job():
            self.log(op)
            if value < 0:
                raise ValueError("j")
            return value
        self.log(op, await self.loop.run_in_executor(None, self.vloop.VJob(ticks / TICK, job)))

    async def do_raise(self, op, frame, text):
        self.log(op)
        raise ValueError(text)

    async def do_try(self, op, frame, how, body, handler):
        kinds = {"value": ValueError, "any": Exception, "cancel": asyncio.CancelledError, "swallow": asyncio.CancelledError}
        if how == "finally":
            try:
                await self.block(body, frame)
            finally:
                self.log(op)
                await self.block(handler, frame)
            return
        try:
            await self.block(body, frame)
        except kinds[how] as e:
            self.log(op, self.outcome(e))
            await self.block(handler, frame)
            if how == "cancel":
                raise

    async def do_loop(self, op, frame, n, body):
        for _ in range(n):
            await self.block(body, frame)

    async def do_call(self, op, frame, f):
        self.log(op, await self.function(f))

    async def do_variable(self, op, frame, value):
        self.log(op, self.variable.get())
        self.variable.set(value)


class Generator:
    """Draws a program."""

    def __init__(self, seed):
        self.r = r = random.Random(seed)
        self.number = 0
        n = r.randint(3, 8)
        self.p = {
            "seed": seed, "budget": 160, "workers": r.randint(1, 3), "locks": r.randint(1, 2),
            "semaphores": [r.randint(0, 2) for _ in range(2)], "events": 2,
            "queues": [[r.choice(["fifo", "fifo", "lifo", "priority"]), r.choice([0, 1, 1, 2])] for _ in range(2)],
            "barriers": [r.randint(1, 3)], "futures": 2,
            "slots": [r.randint(1, n - 1) for _ in range(r.randint(4, 8))], "functions": [],
        }
        self.count = n
        # Each program has its favourites, so that some primitives meet often.
        self.weights = {name: w * r.choice([0, 1, 1, 3, 6]) for name, w in WEIGHTS.items()}
        self.weights["sleep"] += 4
        self.weights["act"] += 2
        for f in range(n):
            length = r.randint(6, 12) if f == 0 else r.randint(2, 6)
            self.p["functions"].append(self.block(f, length, 0, frozenset()))
        main = self.p["functions"][0]
        for s in range(len(self.p["slots"])):
            if r.random() < 0.7:
                main.insert(r.randint(0, s), ["act", self.next(), ["spawn", s]])
        if r.random() < 0.7:
            main = [["try", self.next(), "any", main, []]]
        if r.random() < 0.7:
            main.append(["sleep", self.next(), r.choice([16, 64, 128])])
        self.p["functions"][0] = main

    def next(self):
        self.number += 1
        return self.number

    def ticks(self):
        r = self.r
        return r.choice([0, 0, 1, 2, 4, 8, 8, 16, 16, 32, 64]) if r.random() < 0.95 else -1

    def block(self, f, length, depth, held):
        out = []
        while len(out) < length:
            op = self.op(f, depth, held)
            if op is not None:
                out.append(op)
        return out

    def body(self, f, depth, held, least=1, most=3):
        return self.block(f, self.r.randint(least, most), depth + 1, held)

    def action(self, f, nested=0):
        r = self.r
        slots = len(self.p["slots"])
        later = [s for s in range(slots) if self.p["slots"][s] > f]
        kind = r.choice(["log", "cancel", "cancel", "set", "clear", "release", "put", "put", "take", "task_done", "fulfil", "fulfil",
                         "cancel_future", "cancel_timer", "soon", "later", "later", "at", "spawn", "spawn", "spawn", "close"])
        if kind in ("log",):
            return [kind]
        if kind == "cancel":
            return [kind, r.randrange(slots)]
        if kind in ("set", "clear"):
            return [kind, r.randrange(self.p["events"])]
        if kind == "release":
            return [kind, r.randrange(2)]
        if kind == "put":
            return [kind, r.randrange(2), r.randint(0, 9)]
        if kind in ("take", "task_done"):
            return [kind, r.randrange(2)]
        if kind == "close":
            return [kind, r.randrange(2)] if r.random() < 0.2 else ["log"]
        if kind == "fulfil":
            return [kind, r.randrange(2), r.choice([1, 2, 3, None])]
        if kind == "cancel_future":
            return [kind, r.randrange(2)]
        if kind == "cancel_timer":
            return [kind, r.randint(0, max(1, self.number))]
        if kind == "spawn":
            return [kind, r.choice(later)] if later else ["log"]
        if nested > 1:
            return ["log"]
        if kind == "soon":
            return [kind, self.action(f, nested + 1)]
        if kind == "later":
            return [kind, self.ticks(), self.action(f, nested + 1)]
        return ["at", r.choice([0, 8, 16, 32, 64]), self.action(f, nested + 1)]

    def op(self, f, depth, held):
        r = self.r
        number = self.next()
        name = r.choices(list(self.weights), list(self.weights.values()))[0]
        made = self.arguments(name, f, depth, held)
        if made is None:
            return None
        op = [name, number] + made
        if name in WAITS and r.random() < 0.85:
            return ["timeout", self.next(), "after", r.choice([1, 8, 16, 32]), [op]]
        return op

    def arguments(self, name, f, depth, held):
        r = self.r
        slots = len(self.p["slots"])
        later = [s for s in range(slots) if self.p["slots"][s] > f]
        fs = list(range(f + 1, self.count))
        deep = depth >= 3
        some = lambda pool, most: [r.choice(pool) for _ in range(r.randint(1, most))]
        within = lambda: r.choice([None, None, 0, 8, 16, 32])
        if name == "act":
            return [self.action(f)]
        if name in ("sleep",):
            return [self.ticks()]
        if name == "spend":
            return [r.choice([1, 4, 8])]
        if name == "random":
            return [r.randint(1, 4)]
        if name == "lock":
            i = r.randrange(self.p["locks"])
            if deep or i in held:
                return None
            return [i, self.body(f, depth, held | {i})]
        if name == "semaphore":
            return None if deep else [r.randrange(2), self.body(f, depth, held)]
        if name in ("event", "future", "fresh", "join", "get"):
            return [r.randrange(2)]
        if name == "put":
            return [r.randrange(2), r.randint(0, 9)]
        if name == "condition":
            i = r.randrange(self.p["locks"])
            return None if i in held else [i]
        if name == "condition_for":
            i = r.randrange(self.p["locks"])
            return None if i in held else [i, r.randint(1, 3)]
        if name == "notify":
            i = r.randrange(self.p["locks"])
            return None if i in held else [i, r.randint(0, 2)]
        if name in ("barrier", "abort", "reset"):
            return [0]
        if name in ("await", "shield"):
            return [r.choice(later)] if later else None
        if name in ("state", "callback"):
            return [r.randrange(slots)]
        if name == "cancel_message":
            return [r.randrange(slots), r.choice(["x", "y"])]
        if name in ("cancel_self", "uncancel"):
            return []
        if name == "gather":
            return [some(later, 3), r.random() < 0.5] if later else None
        if name == "gather_new":
            return [some(fs, 3), r.random() < 0.5] if fs else None
        if name == "gather_own":
            return [some(fs, 3)] if fs else None
        if name == "wait":
            return [some(later, 3), r.randrange(3), within()] if later else None
        if name == "as_completed":
            # Who leaves early leaves asyncio's timer behind, which moves the clock when all else waits.
            return [some(later, 3)] + r.choice([[None, 1], [None, 9], [within(), 9]]) if later else None
        if name == "timeout":
            if deep:
                return None
            how = r.choice(["after", "after", "after", "at"])
            return [how, r.choice([None, 0, 1, 8, 8, 16, 16, 32, 64, -1]), self.body(f, depth, held)]
        if name == "reschedule":
            return [r.choice([None, 0, 8, 16])]
        if name == "wait_for_call":
            return [r.choice(fs), r.choice([0, 1, 8, 16, 32])] if fs else None
        if name == "wait_for":
            return [r.choice(later), r.choice([0, 1, 8, 16, 32])] if later else None
        if name == "shield_call":
            return [r.choice(fs)] if fs else None
        if name == "call":
            return [r.choice(fs)] if fs else None
        if name == "group":
            return None if deep else [self.body(f, depth, held, 1, 4)]
        if name == "group_spawn":
            return [r.choice(later)] if later and depth > 0 else None
        if name == "offload":
            return [r.choice([0, 1, 8, 8, 16, 24]), r.choice([1, 2, 3, -1])]
        if name == "raise":
            return [r.choice(["a", "b", "c"])]
        if name == "try":
            if deep:
                return None
            how = r.choice(["value", "any", "any", "cancel", "swallow", "finally", "finally"])
            return [how, self.body(f, depth, held), self.block(f, r.randint(0, 2), depth + 1, held)]
        if name == "loop":
            return None if deep else [r.randint(2, 3), self.body(f, depth, held, 1, 2)]
        if name == "variable":
            return [r.randint(1, 99)]
        raise AssertionError(name)


WEIGHTS = {
    "act": 6, "sleep": 4, "spend": 0.5, "random": 1, "lock": 2, "semaphore": 2, "event": 1, "put": 2, "get": 2, "join": 0.3,
    "condition": 0.7, "condition_for": 0.7, "notify": 1.5, "barrier": 1, "abort": 0.2, "reset": 0.3, "future": 1, "fresh": 0.5,
    "await": 2, "state": 0.5, "callback": 0.7, "cancel_message": 0.6, "cancel_self": 0.2, "uncancel": 0.4, "gather": 1,
    "gather_new": 1.5, "gather_own": 0.7, "wait": 1, "as_completed": 0.7, "timeout": 2, "reschedule": 0.5, "wait_for_call": 1,
    "wait_for": 1, "shield": 0.8, "shield_call": 0.5, "group": 1.5, "group_spawn": 2.5, "offload": 1, "raise": 0.7, "try": 3,
    "loop": 0.7, "call": 0.7, "variable": 0.4,
}
WAITS = {"lock", "semaphore", "event", "put", "get", "join", "condition", "condition_for", "barrier", "future", "await", "gather", "wait", "as_completed"}


def record(program, vloop):
    """The program's trace, [ticks, task, name, number, values…] an event; None when it is of no use."""
    trace = vloop.Trace()

    async def main():
        world = World(program, trace, vloop)
        record.world = world
        return await world.function(0)

    gc.disable()
    loop = vloop.VirtualLoop(workers=program["workers"])
    loop.set_exception_handler(lambda *_: None)
    try:
        vloop.run(main, seed=program["seed"], trace=trace, loop=loop)
    finally:
        record.world = None
        gc.enable()
    if loop._vexecutor._idle < program["workers"]:
        return None     # reprise waits for a job that still runs, as asyncio.run() does; vloop does not
    events = []
    for e in trace.events:
        ticks = e["t"] * TICK
        if ticks != int(ticks):
            return None
        task = 0 if e["task"] == "-" else int(e["task"].removeprefix("Task-"))
        if e["event"] == "end":
            events.append([int(ticks), 0, "end", e["outcome"]] + ([e["exc"]] if "exc" in e else []))
        elif e["event"] == "deadlock":
            events.append([int(ticks), 0, "deadlock"])
        else:
            events.append([int(ticks), task, e["event"], e["i"]] + e["v"])
    # What comes after a deadlock in the teardown depends on how often one tries again.
    deadlocks = sum(e[2] == "deadlock" for e in events)
    return events if deadlocks == (events[-1][3] == "deadlock") else None


def main(argv):
    path, first, count = argv[0], int(argv[1]), int(argv[2])
    most = int(argv[3]) if len(argv) > 3 else 1 << 30
    spec = importlib.util.spec_from_file_location("vloop", path)
    vloop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vloop)
    warnings.simplefilter("ignore")
    seed, made = first, 0
    while made < count:
        program = Generator(seed).p
        seed += 1
        trace = record(program, vloop)
        if trace is None or len(trace) < 8:
            continue
        line = json.dumps({"program": program, "trace": trace}, separators=(",", ":"))
        if len(line) <= most:
            print(line)
            made += 1


if __name__ == "__main__":
    main(sys.argv[1:])
