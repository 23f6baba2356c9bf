#!/usr/bin/env python3
"""Measures align on made-up broadcasts whose truth is known; see --help."""

import argparse
import os
import pathlib
import re
import subprocess
import sys

import measure
from measure import Trouble, digest, first_line, folder, run

ABOUT = """rows:
  gates   error, coverage, steps and refusals on many made-up broadcasts, with seeds that nobody chose
  large   ten hours with 200,000 messages and a step: processor time and memory of the whole command

Ends with 1 when a gate is missed."""


class Bench:
    def __init__(self, asked):
        self.bin, self.scratch, self.asked = asked.bin, asked.folder / "align", asked
        self.table = measure.Table(asked.json)
        self.scratch.mkdir(parents=True, exist_ok=True)

    def gates(self):
        seed = self.asked.seed if self.asked.seed is not None else int.from_bytes(os.urandom(4), "big")
        environment = dict(os.environ, DOUGPT_STREAMS=str(self.asked.streams), DOUGPT_SEED=str(seed))
        command = ["cargo", "nextest", "run", "--release", "--workspace", "--locked", "--no-capture", "-E", "package(align) & test(/^gates::/)"]
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        figure = lambda pattern: [float(found) for found in re.findall(pattern, ended.stdout)]
        errors, holds = figure(r"median error (\d+) ms"), figure(r"interval holds ([0-9.]+)")
        steps, wrong = figure(r"both lags within 1 s: ([0-9.]+)"), figure(r"unrelated chats: (\d+) taken")
        if (len(errors), len(holds), len(steps), len(wrong)) != (2, 2, 1, 1):
            raise Trouble(ended.stdout[-2000:])
        streams, note = self.asked.streams, f"seed {seed}"
        for rate, error, bound in ((20, errors[0], 1000), (60, errors[1], 300)):
            what = f"gates: {streams} streams, {rate} a minute, median error"
            self.table.add(what, error, ("limit", float(bound)), error, f"<= {bound}", "ms", note)
        for rate, share in ((20, holds[0]), (60, holds[1])):
            self.table.add(f"gates: {rate} a minute, interval holds truth", share, ("limit", 0.9), share, ">= 0.9", "")
        what = f"gates: {streams} steps found within 60 s"
        self.table.add(what, steps[0], ("limit", 0.9), steps[0], ">= 0.9", "")
        share = 1 - wrong[0] / streams
        self.table.add(f"gates: {streams} unrelated chats refused", share, ("limit", 0.99), share, ">= 0.99", "")

    def large(self):
        with folder(self.scratch, "store") as store:
            subprocess.run([self.asked.made_up, store, "10", "200000"], check=True)
            cost = run([self.bin / "align", "--store", store, "--vod", "file/made-up"], keep=True)
        print(f"    {cost.out.strip()}", file=sys.stderr)
        what = "large: 10 h, 200,000 messages"
        self.table.add(f"{what}, processor", cost.cpu, ("limit", 30.0), cost.cpu, "<= 30", "s", f"{cost.wall:.1f} s of wall clock")
        self.table.add(f"{what}, peak memory", cost.rss, ("limit", 512.0), cost.rss, "<= 512", "MiB")


def main():
    rows = ["gates", "large"]
    parser = argparse.ArgumentParser(prog="ci/bench align", epilog=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200, help="made-up broadcasts for each gate [200]")
    parser.add_argument("--seed", type=int, help="of the broadcasts [a random one, which is printed]")
    parser.add_argument("--only", type=lambda text: text.split(","), default=rows, metavar="ROW,ROW", help="these alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end in place of the table")
    for hidden in ("--bin", "--folder", "--made-up"):
        parser.add_argument(hidden, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if set(asked.only) - set(rows):
        parser.error(f"--only takes {','.join(rows)}")
    header = measure.machine(os.cpu_count()) | {
        "ours": f"{first_line(asked.bin / 'align', '--version')}, sha256 {digest(asked.bin / 'align')}",
    }
    if not asked.json:
        measure.say(header)
    measure.measure(Bench(asked), [row for row in rows if row in asked.only], header)


main()
