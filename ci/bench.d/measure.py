"""Runs commands as whole processes and says what they cost; prints measured rows beside their gates."""

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time


class Trouble(Exception):
    """A run that cannot be measured, with the reason."""


@dataclasses.dataclass
class Cost:
    """What one run took: seconds of wall clock, seconds of processor, MiB of resident memory at its peak."""

    wall: float
    cpu: float
    rss: float
    out: str = ""

    def scaled(self, factor):
        return dataclasses.replace(self, wall=self.wall * factor, cpu=self.cpu * factor)


def run(command, *, env=None, until=None, keep=False):
    """Runs a command to its end, or to the line of its stderr that contains `until`, where it is killed.

    Its stdout is kept when asked for, else thrown away. Processor time is its own and that of the children it waited for.
    """
    os.sync()  # What an earlier run left to be written is not this one's.
    command = [str(part) for part in command]
    stdout = subprocess.PIPE if keep else subprocess.DEVNULL
    environment = dict(os.environ, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1", **(env or {}))
    start = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        said, reached = [], False
        if keep:
            out, err = child.stdout.read(), child.stderr.read()
        else:
            out, err = b"", b""
            for line in child.stderr:
                said = [*said[-20:], line]
                if until and until in line.decode(errors="replace"):
                    reached = True
                    os.killpg(child.pid, signal.SIGKILL)
                    break
            err = b"".join(said)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if reached if until else child.returncode == 0:
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.decode(errors="replace"))
    raise Trouble(f"{command[0]} ended with {child.returncode}: {err.decode(errors='replace')[-600:]}")


def turns(runs, *sides):
    """Runs the sides in turn, so that a machine that changes its speed does it to all; a list of costs for each."""
    costs = [[] for _ in sides]
    for _ in range(runs):
        for side, cost in zip(sides, costs):
            cost.append(side())
    return costs


def median(costs, of="wall"):
    return statistics.median(getattr(cost, of) for cost in costs)


@contextlib.contextmanager
def folder(parent, name):
    """An empty folder that is gone afterwards."""
    path = parent / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def warm(*paths):
    """Reads files once, so that they are in the page cache for everybody."""
    for path in paths:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass


def load():
    return round(os.getloadavg()[0], 1)


def machine(threads):
    model = "unknown"
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), model)
    return {"cpu": model, "cores": os.cpu_count(), "threads": threads, "system": f"{platform.system()} {platform.release()}"}


class Table:
    """The rows, printed as they come."""

    def __init__(self, quiet):
        self.rows, self.quiet = [], quiet
        self.line("what", "ours", "peer", "ratio", "gate", "", "load")

    def line(self, what, ours, peer, ratio, gate, verdict, loaded):
        if not self.quiet:
            print(f"{what:40} {ours:>14}  {peer:44} {ratio:>7}  {gate:>7}  {verdict:6} {loaded:>5}".rstrip(), flush=True)

    def add(self, what, ours, peer, ratio, gate, unit, note=""):
        """A row. The gate is `<= x` or `>= x`, or none; ours and the peer's (a name and a figure) are in the unit."""
        sign, bound = gate.split() if gate else ("", "nan")
        passed = not gate or (ratio <= float(bound) if sign == "<=" else ratio >= float(bound))
        name, figure = peer
        theirs = f"{name} {figure:.4g} {unit}" if figure is not None else name
        self.line(what, f"{ours:.4g} {unit}", theirs, f"{ratio:.3g}", gate, ("pass" if passed else "MISSED") if gate else "", str(load()))
        if note and not self.quiet:
            print(f"    {note}", flush=True)
        self.rows.append(
            dict(what=what, ours=ours, peer=name, theirs=figure, unit=unit, ratio=ratio, gate=gate, passed=passed)
            | dict(load=load(), note=note)
        )

    def skip(self, what, reason):
        print(f"{what}: not measured: {reason}", file=sys.stderr, flush=True)
        self.rows.append(dict(what=what, passed=False, note=f"not measured: {reason}"))


def measure(bench, rows, header):
    """Measures the rows of a bench, which are its methods, and ends the process: with 1 when a gate is missed."""
    quiet, troubled = bench.table.quiet, False
    for row in rows:
        try:
            getattr(bench, row)()
        except (Trouble, OSError, subprocess.CalledProcessError) as reason:
            bench.table.skip(row, reason)
            troubled = True
    gated = [row for row in bench.table.rows if row.get("gate", True)]
    missed = sum(not row["passed"] for row in gated)
    if quiet:
        print(json.dumps({"machine": header, "rows": bench.table.rows}))
    else:
        print(f"\n{len(gated) - missed} of {len(gated)} gates are met")
    sys.exit(2 if troubled else 1 if missed else 0)


def say(header):
    """Prints what is measured on, by and against what."""
    for name, value in header.items():
        value = ", ".join(f"{peer} {version}" for peer, version in value.items()) if isinstance(value, dict) else value
        print(f"{name}: {value}")
    print()


def digest(path):
    """How the digest of a file begins."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def first_line(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]
