"""The workloads in asyncio, on a loop whose clock is virtual.

    python3 bench/asyncio_peer.py WORKLOAD N

Prints a measurement as JSON: CPU seconds, operations, and resident bytes of each at the peak. Wants Python 3.11 or later.
"""
import asyncio
import json
import random
import resource
import sys
import time

from virtual_loop import VirtualLoop

if sys.version_info < (3, 11):
    sys.exit("asyncio_peer.py: Python %d.%d is too old, 3.11 is the first that will do" % sys.version_info[:2])


async def w1(n):
    async def yielding():
        for _ in range(n // 2):
            await asyncio.sleep(0)

    await asyncio.gather(yielding(), yielding())


async def w2(n):
    async def nothing():
        pass

    for _ in range(n // 1000):
        await asyncio.gather(*[asyncio.create_task(nothing()) for _ in range(1000)])


async def sleepers(n, times):
    draw = random.Random(1).uniform

    async def sleeper():
        for _ in range(times):
            await asyncio.sleep(draw(0.5, 2.0))

    await asyncio.gather(*[sleeper() for _ in range(n)])


async def w3(n):
    await sleepers(n, 1)


async def w4(n):
    await sleepers(10_000, n // 10_000)


async def w5(n):
    messages = asyncio.Queue(64)

    async def produce():
        for i in range(n):
            await messages.put(i)

    async def consume():
        for _ in range(n):
            await messages.get()

    await asyncio.gather(produce(), consume())


async def w6(n):
    lock = asyncio.Lock()

    async def sections():
        for _ in range(n // 100):
            async with lock:
                await asyncio.sleep(0)

    await asyncio.gather(*[sections() for _ in range(100)])


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


name, n = sys.argv[1], int(sys.argv[2])
workload = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w5": w5, "w6": w6}[name]
loop = VirtualLoop()
before = peak()
start = time.process_time()
loop.run_until_complete(workload(n))
seconds = time.process_time() - start
print(json.dumps({"seconds": seconds, "operations": n, "bytes": (peak() - before) / n if name == "w3" else 0}))
