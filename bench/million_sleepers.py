"""examples/million_sleepers.cpp for asyncio: n tasks sleep a drawn delay on a loop with a virtual clock, gathered.

    python3 bench/million_sleepers.py [n] [seed]

Prints CPU time and the peak of resident memory, to set beside `reprise run million_sleepers`.
"""
import asyncio
import random
import resource
import sys

from virtual_loop import VirtualLoop


async def main(n):
    slowest = 0.0

    async def sleeper():
        nonlocal slowest
        delay = random.uniform(0.5, 2.0)
        slowest = max(slowest, delay)
        await asyncio.sleep(delay)

    await asyncio.gather(*[sleeper() for _ in range(n)])
    assert abs(asyncio.get_running_loop().time() - slowest) < 1e-6
    return slowest


n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
loop = VirtualLoop()
slowest = loop.run_until_complete(main(n))
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"{n:,} tasks slept, the slowest for {slowest:.9f} s: {used.ru_utime + used.ru_stime:.1f} s of CPU, "
      f"{used.ru_maxrss / 2**20:.2f} GiB at the peak")
