#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of workers and of larderd at random moments: no wrong or cut body is ever read,
larder stat goes on answering, and the next process goes on at once."""

import json
import os
import random
import signal
import subprocess
import time

from lib import (FACTOR, FULL, LARDER, Origin, check, end_fetcher, finish, larder, path, say,
                 spawn, start_fetcher, start_larderd, stat)

KILLS = 2000 if FULL else 200
WORKERS = 4
SEED = int(os.environ.get("LARDER_E2E_SEED", time.time_ns() % 1000000))


def main():
    say(f"seed {SEED}")
    dice = random.Random(SEED)
    origin = Origin(files=120)
    item_list = origin.write_list(origin.items())
    store = path("store")
    complaints = open(path("complaints"), "w+b")
    daemon, _ = start_larderd(store)
    started = 0

    def worker():
        nonlocal started
        started += 1
        return start_fetcher(store, item_list, "-n", 10000, "-r", started, origin=origin,
                             stdout=subprocess.DEVNULL, stderr=complaints)

    workers = [worker() for _ in range(WORKERS)]
    worst = 0.0
    for kill in range(KILLS):
        time.sleep(dice.uniform(0.002, 0.08))
        victim = dice.randrange(WORKERS + 1)
        # From time to time everything goes: what is left of them must not matter.
        for n in range(WORKERS) if dice.random() < 0.1 else [victim]:
            if n == WORKERS:
                check(daemon.poll() is None, "larderd had ended by itself")
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                daemon, _ = start_larderd(store)
                continue
            check(workers[n].poll() is None,
                  f"a worker had ended by itself with {workers[n].returncode}")
            workers[n].send_signal(signal.SIGKILL)
            workers[n].wait()
            workers[n] = worker()
        # A warm store is rarely written: empty it, so that bodies are always on their way in,
        # and kill who empties it too.
        if dice.random() < 0.3:
            purge = spawn(LARDER, "purge", "-q", "--all", "-s", store,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if dice.random() < 0.3:
                time.sleep(dice.uniform(0, 0.02))
                purge.kill()
        if kill % 10 == 0:
            before = time.monotonic()
            policy, url, file = dice.choice(origin.items())
            got = larder("get", "--cacert", origin.cert, url, store=store)
            worst = max(worst, time.monotonic() - before)
            with open(file, "rb") as want:
                check(got.returncode == 0 and got.stdout == want.read(),
                      f"larder get {url} ({policy}) after kill {kill}: {got.returncode} "
                      f"{got.stderr.decode()}")
            check("entries" in stat(store), f"larder stat after kill {kill}")
    say(f"{KILLS} kills, {started} workers; slowest larder get {worst:.3f} s")
    check(worst < 2 * FACTOR, f"the next process waited {worst:.3f} s")

    for process in workers:
        process.send_signal(signal.SIGKILL)
        process.wait()
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").splitlines()
    check(not lines, f"workers complained: {lines[:5]} ({len(lines)} lines)")
    check(daemon.poll() is None, "larderd lives")

    # What is left is whole: every entry is still right, and a full walk finds no damage.
    report = end_fetcher(start_fetcher(store, item_list, origin=origin))
    say(f"after: {report}")
    check(report["wrong"] == 0 and report["failed"] == 0, f"after the kills: {report}")
    found = json.loads(larder("verify", "--json", store=store).stdout)
    say(f"verify: {found}")
    for kind in ("bad_records", "bad_rows", "missing_rows", "bad_links"):
        check(found[kind] == 0, f"{kind} after the kills: {found}")
    counters = stat(store).get("counters", {})
    say(f"counters: {counters}")
    check(counters.get("damaged", 1) == 0, "damaged entries were met")
    check(counters.get("hits", 0) > 0, "nothing was served from the store")
    finish()


if __name__ == "__main__":
    main()
