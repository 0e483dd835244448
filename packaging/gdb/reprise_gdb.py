# For gdb, in a program that runs a simulation:
#
#   reprise tasks             the tasks, and what each waits for
#   reprise backtrace [N]     where task N stands; without a number, where each does
#
# `reprise replay TOKEN --break EVENT` loads it; otherwise `source reprise_gdb.py`. The registers of a task that waits lie on its own
# stack, where Boost.Context put them (x86-64): they are lent to the thread for the backtrace, and given back.
import gdb

SAVED = {"r12": 8, "r13": 16, "r14": 24, "r15": 32, "rbx": 40, "rbp": 48, "rip": 56}
SIZE = 64


def tasks():
    """Number, name, state and saved context (0 where there is none) of each task."""
    try:
        text = gdb.parse_and_eval("((const char *(*)()) reprise_debug_tasks)()")
    except gdb.error as failure:
        raise gdb.GdbError("this program has no reprise in it, or does not run: %s" % failure)
    if int(text) == 0:
        raise gdb.GdbError("no simulation is running")
    lines = text.string("utf-8", "replace").splitlines()
    return [(int(n), name, state, int(context, 16)) for n, name, state, context in (line.split("\t") for line in lines)]


def backtrace(context):
    gdb.newest_frame().select()
    names = list(SAVED) + ["rsp"]
    before = {name: int(gdb.parse_and_eval("(unsigned long) $%s" % name)) for name in names}
    word = gdb.lookup_type("unsigned long").pointer()
    saved = {name: int(gdb.Value(context + at).cast(word).dereference()) for name, at in SAVED.items()}
    saved["rsp"] = context + SIZE
    try:
        for name, value in saved.items():
            gdb.execute("set $%s = %d" % (name, value))
        gdb.execute("backtrace")
    finally:
        for name, value in before.items():
            gdb.execute("set $%s = %d" % (name, value))
        gdb.execute("frame 0", to_string=True)


class Reprise(gdb.Command):
    """The simulation that this program runs: `reprise tasks`, `reprise backtrace [N]`."""

    def __init__(self):
        super().__init__("reprise", gdb.COMMAND_STACK, prefix=True)


class Tasks(gdb.Command):
    """The tasks of the simulation, and what each waits for."""

    def __init__(self):
        super().__init__("reprise tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        all_tasks = tasks()
        widest = max([len(name) for _, name, _, _ in all_tasks], default=0)
        for number, name, state, _ in all_tasks:
            print("%5d  %s  %s" % (number, name.ljust(widest), state))


class Backtrace(gdb.Command):
    """Where a task stands, by its number; without one, where each does."""

    def __init__(self):
        super().__init__("reprise backtrace", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        wanted = argument.strip()
        if wanted and not wanted.isdigit():
            raise gdb.GdbError("'%s' is no task's number; `reprise tasks` shows them" % wanted)
        shown = [t for t in tasks() if not wanted or t[0] == int(wanted)]
        if not shown:
            raise gdb.GdbError("there is no task %s; `reprise tasks` shows which there are" % wanted)
        for number, name, state, context in shown:
            print("task %d, %s: %s" % (number, name, state))
            if context:
                backtrace(context)
            elif state == "runs":
                gdb.newest_frame().select()
                gdb.execute("backtrace")


Reprise()
Tasks()
Backtrace()
