#!/usr/bin/env python3
"""Measures ingest against its peers on this machine; see --help."""

import argparse
import contextlib
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys

import measure
from measure import Trouble, digest, first_line, folder, median, run, turns, warm

HERE = pathlib.Path(__file__).resolve().parent
VOD = "1087079172"
MB, GB = 10**6, 10**9

# What jq -c '.comments[]' prints, byte for byte, without the whole file in memory (jq's manual, "Streaming"). It takes so
# long that it gets a part, and its time is scaled to the whole.
STREAM = ["jq", "-c", "-n", "--stream", "fromstream(2|truncate_stream(inputs))"]
STREAMED = 10 * MB
LATENCY_MS = 20
SECONDS = 7200
MEDIA_SECONDS = 400
SEGMENT_S = 10
CONNECTIONS = 8
RENDITION = "1080p60"

PANDAS = """
import json, sys, pandas
with open(sys.argv[1], encoding="utf-8") as file:
    print(len(pandas.json_normalize(json.load(file)["comments"])))
"""

ABOUT = """rows:
  parse     a TwitchDownloader file to canonical messages in their order (inspect), and into the store, against json.load
            with pandas, jq and jq --stream
  ndjson    yt-dlp's live_chat to canonical messages, and into the store, against serde_json reading it to values
  paging    chat from the fake Twitch, each answer 20 ms late, against loops like those of other tools
  segments  media from the fake Twitch, 8 at once, against yt-dlp and streamlink; timed until all is checked and kept
  verify    verify --full against sha256sum, one large object and many small ones

Figures are of whole processes, medians of the runs, ours and the peers' in turn, files in the page cache, the store and
the peers' files on one disk. The fake Twitch runs on the same cores. Ends with 1 when a gate is missed."""


class Bench:
    def __init__(self, asked):
        self.bin, self.scratch, self.asked = asked.bin, asked.folder, asked
        self.peers = pathlib.Path(sys.executable).parent
        self.table = measure.Table(asked.json)
        self.scratch.mkdir(parents=True, exist_ok=True)

    def ingest(self, store, *arguments, **options):
        """Our command, on a store."""
        command = [self.bin / "ingest", "--store", store, "--threads", self.asked.threads, *arguments]
        return run(command, **options)

    def inspect(self, chat):
        """Our command, which reads an export to canonical messages and keeps none."""
        return run([self.bin / "ingest", "--threads", self.asked.threads, "inspect", chat])

    def anew(self, *arguments, stored=0, **options):
        """Our command, on a store that is empty, and that has at least `stored` bytes of blobs afterwards."""
        with folder(self.scratch, "store") as store:
            cost = self.ingest(store, *arguments, **options)
            # Blobs are named by their digest, so the same bytes are not counted twice.
            size = sum(path.stat().st_size for path in store.glob("blobs/**/*") if path.is_file())
        if size < stored:
            raise Trouble(f"the store has {size} bytes of blobs, it should have {stored}")
        return cost

    def big_chat(self, size):
        path = self.scratch / f"chat-{size}.json"
        if not path.exists():
            partial = path.with_suffix(".partial")
            subprocess.run([self.bin / "big-chat", partial, str(size)], check=True)
            partial.rename(path)
        warm(path)
        return path

    def parse(self):
        size, slow = self.asked.size * MB, min(3, self.asked.runs)
        whole, part = self.big_chat(size), self.big_chat(STREAMED)
        at = f"{self.asked.size} MB"
        taken = ["--vod", "file:chat.mkv", "--chat-only", "--chat"]
        python = [sys.executable, "-c", PANDAS, whole]
        mine, stored, pandas, jq = turns(
            slow,
            lambda: self.inspect(whole),
            lambda: self.anew(*taken, whole),
            lambda: run(python),
            lambda: run(["jq", "-c", ".comments[]", whole]),
        )
        streamed, events = turns(slow, lambda: run([*STREAM, part]), lambda: run(["jq", "-c", "--stream", ".", part]))
        wall, add = median(mine), self.table.add
        add(f"parse: chat of {at}, wall", wall, ("json.load, pandas", median(pandas)), wall / median(pandas), "<= 0.10", "s")
        rss = median(stored, "rss")
        note = f"the peer's peak: {median(pandas, 'rss'):.0f} MiB"
        add(f"taken in: chat of {at}, peak memory", rss, ("limit", 256.0), rss, "<= 256", "MiB", note)
        add(f"parse: chat of {at}, wall", wall, ("jq -c '.comments[]'", median(jq)), wall / median(jq), "<= 0.33", "s")
        whole = median(stored)
        note = "with three digests of the file, its copy in the store, and the tables; the peer drops what it read"
        add(f"taken in: chat of {at}, wall", whole, ("json.load, pandas", median(pandas)), whole / median(pandas), "", "s", note)
        scaled, bare = (median(costs) * size / STREAMED for costs in (streamed, events))
        note = f"scaled from {STREAMED // MB} MB in {median(streamed):.3g} s; bare events, no comment put together: {bare:.3g} s, {wall / bare:.3g}"
        add(f"parse: chat of {at}, wall", wall, ("jq --stream, the same comments", scaled), wall / scaled, "<= 0.02", "s", note)

    def ndjson(self):
        size = self.asked.size * MB
        path = self.scratch / f"live-{size}.live_chat.json"
        if not path.exists():
            live_chat(path, size)
        warm(path)
        arguments = ["--vod", "file:live.mkv", "--chat-only", "--chat", path]
        mine, stored, values = turns(
            self.asked.runs,
            lambda: self.inspect(path),
            lambda: self.anew(*arguments),
            lambda: run([self.bin / "json-values", path]),
        )
        peer = ("serde_json to Value", median(values))
        for what, costs, gate in (("ndjson", mine, "<= 0.70"), ("taken in", stored, "")):
            wall = median(costs)
            what = f"{what}: live_chat of {self.asked.size} MB, wall"
            self.table.add(what, wall, peer, wall / median(values), gate, "s")

    def paging(self):
        runs = min(3, self.asked.runs)
        with self.fake("paging", LATENCY_MS, chat="per_minute = 300") as fake:
            def loop(workers):
                out = self.scratch / "paged.jsonl"
                where = [fake["DOUGPT_TWITCH_GQL_URL"], VOD, SECONDS, workers, out]
                return run([sys.executable, HERE / "paging.py", *where], keep=True)

            ours = ["--vod", VOD, "--chat-only", "--json"]
            mine, one, four = turns(
                runs, lambda: self.anew(*ours, env=fake, keep=True), lambda: loop(1), lambda: loop(4)
            )
        messages = int(one[0].out)
        if int(four[0].out) != messages or f'"messages":{messages}' not in mine[0].out.replace(" ", ""):
            raise Trouble(f"not the same chat: {messages}, {four[0].out.strip()}, and ours: {mine[0].out.strip()[-300:]}")
        rate = lambda costs: messages / median(costs)
        peers = [("1 worker, as chat-downloader", one, ">= 3"), ("4 workers, as TwitchDownloader", four, ">= 1")]
        for name, costs, gate in peers:
            what = f"paging: {messages} messages, {LATENCY_MS} ms away"
            self.table.add(what, rate(mine), (name, rate(costs)), rate(mine) / rate(costs), gate, "msg/s")

    def segments(self):
        for latency, gate in ((0, ">= 1"), (LATENCY_MS, ">= 1.5")):
            # Segments as large as a broadcast's own: 7.9 MB.
            about = dict(seconds=MEDIA_SECONDS, media="stuffed = true")
            with self.fake(f"segments-{latency}", latency, **about) as fake, folder(self.scratch, "media") as media:
                ours = ["--vod", VOD, "--media-only", "--quality", RENDITION, "--connections", CONNECTIONS]
                # Once before the clock runs: the fake makes its pieces when they are asked for first.
                expected = self.fetched_by_ytdlp(fake, media)[1]
                mine, ytdlp, streamlink = turns(
                    self.asked.runs,
                    lambda: self.anew(*ours, env=fake, until="media 100%", stored=expected),
                    lambda: self.fetched_by_ytdlp(fake, media, expected)[0],
                    lambda: self.fetched_by_streamlink(fake, media, expected),
                )
            at = f"{expected / MB:.0f} MB" + (f", {latency} ms away" if latency else "")
            theirs = {"yt-dlp -N 8": ytdlp, "streamlink, 8 threads": streamlink}
            for of, bound, unit in (("wall", gate, "MB/s"), ("cpu", "<= 0.5", "CPU s/GB")):
                figure = lambda costs: expected / MB / median(costs) if of == "wall" else median(costs, of) / (expected / GB)
                best = (max if of == "wall" else min)(theirs, key=lambda name: figure(theirs[name]))
                mark, other = figure(theirs[best]), next(name for name in theirs if name != best)
                note = f"{other}: {figure(theirs[other]):.4g} {unit}"
                if latency and of == "wall":
                    # Each connection waits once for each of its segments, whatever the client.
                    most = expected / MB / (-(-MEDIA_SECONDS // SEGMENT_S // CONNECTIONS) * latency / 1000)
                    note += f"; 8 requests at once that wait {latency} ms each give at most {most:.4g} MB/s"
                self.table.add(f"segments: {at}", figure(mine), (best, mark), figure(mine) / mark, bound, unit, note)

    def fetched_by_ytdlp(self, fake, media, expected=None):
        out = media / "ytdlp.mp4"
        command = [self.peers / "yt-dlp", "--ignore-config", "--no-cache-dir", "--quiet", "--no-progress", "-N", CONNECTIONS]
        cost = run([*command, "--hls-prefer-native", "--fixup", "never", "-o", out, fake["playlist"]])
        return cost, whole(out, expected)

    def fetched_by_streamlink(self, fake, media, expected):
        out = media / "streamlink.ts"
        command = [self.peers / "streamlink", "--no-config", "--loglevel", "error", "--stream-segment-threads", CONNECTIONS]
        cost = run([*command, "--ringbuffer-size", "64M", "--force", "-o", out, f"hls://{fake['playlist']}", "best"])
        whole(out, expected)
        return cost

    def verify(self):
        size = max(500, self.asked.size) * MB
        video = self.scratch / f"video-{size}.mkv"
        if not video.exists():
            seconds = -(-size // (640 * 360 * 3 // 2 * 25))
            picture = "-f lavfi -i testsrc=size=640x360:rate=25 -f lavfi -i sine=sample_rate=48000"
            made = f"-v error -nostdin -y {picture} -t {seconds} -c:v rawvideo -pix_fmt yuv420p -c:a pcm_s16le"
            partial = video.with_suffix(".partial.mkv")
            subprocess.run(["ffmpeg", *made.split(), partial], check=True)
            partial.rename(video)
        with folder(self.scratch, "one") as store:
            self.ingest(store, "--vod", f"file:{video}", "--media-only", "--keep-media")
            self.verified("one large object", store, (["sha256sum"], "sha256sum", ">= 0.8"))
        with folder(self.scratch, "many") as store, self.fake("verify", 0) as fake:
            self.ingest(store, "--vod", VOD, "--media-only", "--quality", RENDITION, env=fake)
            split = ["xargs", "-0", "-n", "32", "-P", str(self.asked.threads), "sha256sum", "--"]
            peers = [(["sha256sum"], "sha256sum", ">= 0.8"), (split, f"sha256sum, {self.asked.threads} at once", ">= 0.8")]
            self.verified("many objects", store, *peers)

    def verified(self, what, store, *peers):
        blobs = sorted(path for path in store.rglob("*") if path.is_file() and path.stat().st_size > 1000)
        size = sum(path.stat().st_size for path in blobs)
        warm(*blobs)
        listed = self.scratch / "listed"
        listed.write_bytes(b"\0".join(bytes(path) for path in blobs))

        def peer(command):
            if command[0] == "xargs":
                return run(["xargs", "-a", listed, *command[1:]])
            return run([*command, "--", *blobs])

        verified = lambda: self.ingest(store, "verify", "--full", "--json", keep=True)
        mine, *theirs = turns(self.asked.runs, verified, *(lambda command=command: peer(command) for command, *_ in peers))
        found = [json.loads(cost.out) for cost in mine]
        read = found[0]["bytes"]
        if any(one["bytes"] != read or one["damaged"] for one in found) or read < 0.99 * size:
            raise Trouble(f"verify did not read all of {size} bytes each time: {found}")
        rate = lambda bytes_read, costs: bytes_read / MB / median(costs)
        ours = rate(read, mine)
        for (_, name, gate), costs in zip(peers, theirs):
            row = f"verify: {what}, {len(blobs)} in {size / MB:.0f} MB"
            self.table.add(row, ours, (name, rate(size, costs)), ours / rate(size, costs), gate, "MB/s")

    @contextlib.contextmanager
    def fake(self, name, latency_ms, chat="", media="", seconds=SECONDS):
        """The fake Twitch with a broadcast, of two hours if not told otherwise: its variables, and the playlist for tools without GQL."""
        scenario = self.scratch / f"{name}.toml"
        text = f"about = 'bench'\nlatency_ms = {latency_ms}\n[vod]\nlength_seconds = {seconds}\n[chat]\n{chat}\n[media]\n{media}\n"
        scenario.write_text(text, encoding="utf-8")
        with subprocess.Popen([self.bin / "fake-twitch", scenario], stdout=subprocess.PIPE, text=True) as server:
            try:
                said = {}
                for line in server.stdout:
                    if line.startswith("export "):
                        said.update([line.removeprefix("export ").strip().split("=", 1)])
                    elif "/chunked/" in line:
                        said["playlist"] = line.removeprefix("# ").strip()
                    elif "/audio_only/" in line:
                        break
                if "playlist" not in said:
                    raise Trouble("fake-twitch did not start")
                yield said
            finally:
                server.kill()


def whole(path, expected):
    size = path.stat().st_size
    path.unlink()
    if expected is not None and size != expected:
        raise Trouble(f"{path.name} has {size} bytes, it should have {expected}")
    return size


def live_chat(path, size):
    """Writes a replay as yt-dlp does: what a viewer can do with each message is most of it."""
    words = "what a save that plank is so crooked again lol nice gate hammer time".split()
    number, written, partial = 0, 0, path.with_suffix(".partial")
    with open(partial, "w", encoding="utf-8") as file:
        while written < size:
            ms, viewer = number * 40, number * 7919 % 50021
            text = " ".join(words[(number * 31 + at * 7) % len(words)] for at in range(2 + number % 9))
            tracking = f"CAEQl98BIhMI{number:024x}"
            picture = f"https://yt4.ggpht.com/ytc/AIdro_k{viewer:060x}=s{{}}-c-k-c0x00ffffff-no-rj"
            menu = {
                "clickTrackingParams": tracking,
                "commandMetadata": {"webCommandMetadata": {"ignoreNavigation": True}},
                "liveChatItemContextMenuEndpoint": {"params": f"Q2g0S0hBb2FRMHR1{number:0160x}"},
            }
            message = {
                "message": {"runs": [{"text": text}]},
                "authorName": {"simpleText": f"Viewer {viewer}"},
                "authorPhoto": {"thumbnails": [{"url": picture.format(px), "width": px, "height": px} for px in (32, 64)]},
                "contextMenuEndpoint": menu,
                "id": f"ChwKGkNP{number:020x}",
                "timestampUsec": str(1_740_852_000_000_000 + ms * 1000),
                "authorExternalChannelId": f"UC{viewer:022x}",
                "contextMenuAccessibility": {"accessibilityData": {"label": "Chat actions"}},
                "timestampText": {"simpleText": f"{ms // 60000}:{ms // 1000 % 60:02}"},
                "trackingParams": tracking,
            }
            item = {"addChatItemAction": {"item": {"liveChatTextMessageRenderer": message}, "clientId": f"C{number:024x}"}}
            replay = {"actions": [{"clickTrackingParams": tracking, **item}], "videoOffsetTimeMsec": str(ms)}
            written += file.write(json.dumps({"clickTrackingParams": tracking, "replayChatItemAction": replay}) + "\n")
            number += 1
    partial.rename(path)


def main():
    rows = ["parse", "ndjson", "paging", "segments", "verify"]
    parser = argparse.ArgumentParser(
        prog="ci/bench ingest", epilog=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=200, metavar="MB", help="size of chat files [200]; the gates' is 1000, where pandas needs 14 GB")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command [5]; slow ones get at most 3")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of ingest [all cores]")
    parser.add_argument("--only", type=lambda text: text.split(","), default=rows, metavar="ROW,ROW", help="these alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end in place of the table")
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if set(asked.only) - set(rows):
        parser.error(f"--only takes {','.join(rows)}")
    if asked.size < 10 or asked.runs < 1 or asked.threads < 1:
        parser.error("--size is at least 10, --runs and --threads at least 1")
    header = measure.machine(asked.threads) | {
        "runs": asked.runs,
        "ours": f"{first_line(asked.bin / 'ingest', '--version')}, sha256 {digest(asked.bin / 'ingest')}",
        "peers": {name: importlib.metadata.version(name) for name in ("pandas", "requests", "streamlink", "yt-dlp")}
        | {"python": sys.version.split()[0], "jq": first_line("jq", "--version"), "sha256sum": first_line("sha256sum", "--version")},
    }
    if not asked.json:
        measure.say(header)
    measure.measure(Bench(asked), [row for row in rows if row in asked.only], header)


main()
