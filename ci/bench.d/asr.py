#!/usr/bin/env python3
"""Measures transcribe against whisper-cli, both on the same build of whisper.cpp; see --help."""

import argparse
import array
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import wave

import measure
from measure import Trouble, digest, first_line, folder, median, run, turns, warm

RATE = 16000
VOD = "file/bench"
CLIPS = "usr/share/pocketsphinx/test/data/librivox"

ABOUT = """rows:
  words     five LibriVox sentences (Debian's pocketsphinx-testdata): word errors
  times     synthetic speech with known bounds: when each utterance's first word starts, late or early
  bounds    ends of words against whisper-cli -dtw, the same sentences
  speed     speech without pauses, the same model, one thread, greedy decoding, time warping on both sides
  fast      the same without time warping on both sides
  vad       the same speech, half of it silenced
  resume    four times the speech, killed at half of its time, then finished: the rest against a full run

whisper-cli is compiled from its own sources and linked with the library that transcribe has. Figures are of whole processes,
medians of the runs in turn. Ends with 1 when a gate is missed."""


class Bench:
    def __init__(self, asked):
        self.bin, self.scratch, self.asked = asked.bin, asked.folder / "asr", asked
        self.cli, self.models = asked.cli, asked.models
        self.table = measure.Table(asked.json)
        self.scratch.mkdir(parents=True, exist_ok=True)

    def model(self, name):
        pins = (pathlib.Path(__file__).resolve().parents[2] / "jobs/models/models.toml").read_text(encoding="utf-8")
        found = re.search(rf'name = "{re.escape(name)}"[^[]*?sha256 = "([0-9a-f]+)"', pins)
        return self.models / found[1]

    def job(self, store, name, *arguments, **options):
        return run([self.bin / name, "--store", store, *arguments], **options)

    def taken(self, store, audio, models=True):
        """A store with the audio as its only VOD, and the models."""
        warm(audio)
        for name in (self.asked.model, "silero-v6.2.0") if models else ():
            self.job(store, "models", "import", self.model(name), "--name", name)
        self.job(store, "ingest", "--vod", f"file:{audio}", "--id", "bench", "--media-only")

    def transcribe(self, store, *arguments, **options):
        asked = ["--vod", VOD, "--model", self.asked.model, "--language", "en", "--threads", 1]
        return self.job(store, "transcribe", *asked, *arguments, **options)

    def transcript(self, store):
        out = self.job(store, "transcribe", "export", VOD, "--model", self.asked.model, "--format", "json", keep=True).out
        return json.loads(out)["utterances"]

    def peer(self, audio, *arguments):
        """whisper-cli as transcribe runs the model: greedy, one thread. Its answer is beside the scratch files."""
        out = self.scratch / "peer"
        decoding = ["-l", "en", "-t", "1", "-bs", "1", "-bo", "5", "-np", "-ojf", "-of", out]
        return run([self.cli, "-m", self.model(self.asked.model), "-f", audio, *decoding, *arguments])

    def heard_by_peer(self):
        text = (self.scratch / "peer.json").read_text(encoding="utf-8", errors="replace")
        return json.loads(text)["transcription"]

    def precise(self):
        return ["-nfa", "-dtw", self.asked.model]

    def clips(self):
        """The sentences, and what is said in them."""
        home = self.scratch / "librivox"
        if not home.exists():
            with folder(self.scratch, "package") as package:
                subprocess.run(["apt-get", "download", "-qq", "pocketsphinx-testdata"], cwd=package, check=True, stderr=subprocess.DEVNULL)
                subprocess.run(["dpkg-deb", "-x", next(package.glob("*.deb")), package], check=True)
                (package / CLIPS).rename(home)
        lines = (home / "transcription").read_text(encoding="utf-8").splitlines()
        said = [re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip()) for line in lines]
        return [(home / f"{found[2]}.wav", found[1].split()) for found in said if found]

    def speech(self, seconds, silent=0.0):
        """The sentences again and again; of each minute the first part is silent."""
        path = self.scratch / f"speech-{seconds}-{silent}.wav"
        if not path.exists():
            samples = array.array("h")
            clips = [samples_of(clip) for clip, _ in self.clips()]
            while len(samples) < seconds * RATE:
                for clip in clips:
                    samples.extend(clip)
            del samples[seconds * RATE :]
            for start in range(0, len(samples), 60 * RATE):
                quiet = int(min(60 * RATE, len(samples) - start) * silent)
                samples[start : start + quiet] = array.array("h", bytes(2 * quiet))
            write(path, samples)
        return path

    def both(self, audio):
        """What transcribe and whisper-cli hear in a recording, as the JSON of each."""
        with folder(self.scratch, "store") as store:
            self.taken(store, audio)
            self.transcribe(store)
            ours = self.transcript(store)
        self.peer(audio, *self.precise())
        return ours, self.heard_by_peer()

    def words(self):
        self.errors("words", self.clips())
        if self.asked.recording:
            said = plain(" ".join(row["text"] for row in self.recorded()))
            self.errors(f"words: {self.asked.recording.name}", [(self.asked.recording, said)])

    def errors(self, what, clips):
        errors, count = [0, 0], 0
        for clip, said in clips:
            texts = (" ".join(row["text"] for row in heard) for heard in self.both(clip))
            errors = [sum_ + distance(plain(text), said) for sum_, text in zip(errors, texts)]
            count += len(said)
        ours, theirs = (100 * wrong / count for wrong in errors)
        self.table.add(f"{what}, errors in {count}", ours, ("whisper-cli", theirs), ours - theirs, "<= 0", "%")

    def recorded(self):
        return json.loads(self.asked.recording.with_suffix(".json").read_text(encoding="utf-8"))

    def times(self):
        home = self.scratch / "sample"
        if not home.exists():
            subprocess.run([self.bin / "sample-stream", self.scratch / "sample.partial"], check=True)
            (self.scratch / "sample.partial").rename(home)
        truth = json.loads((home / "truth.json").read_text(encoding="utf-8"))
        streams = []
        for broadcast in truth["broadcasts"]:
            audio = home / f"{broadcast['id']}.wav"
            source = audio.with_suffix(".mkv")
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-ac", "1", "-ar", str(RATE), audio], check=True)
            streams.append((audio, [said["start_ms"] for said in broadcast["utterances"]]))
        self.starts("times", streams)
        if self.asked.recording:
            starts = [1000 * said["start"] for said in self.recorded()]
            self.starts(f"times: {self.asked.recording.name}", [(self.asked.recording, starts)])

    def starts(self, what, streams):
        """How far the start of each utterance's first word is off, by transcribe and by what whisper-cli has."""
        ours, cli, dtw = [], [], []
        for audio, said in streams:
            mine, heard = self.both(audio)
            starts = [row["words"][0]["start_ms"] for row in mine]
            segments = [row["offsets"]["from"] for row in heard]
            warped = [token["t_dtw"] * 10 for row in heard for token in row["tokens"][:1] if token.get("t_dtw", -1) >= 0]
            for errors, found in ((ours, starts), (cli, segments), (dtw, warped)):
                errors += [min((abs(start - at) for start in found), default=10**6) for at in said]
        for part, gate in ((0.5, "<= 80"), (0.9, "<= 200")):
            mine, theirs, other = (sorted(errors)[int(part * (len(errors) - 1))] for errors in (ours, cli, dtw))
            note = f"whisper-cli -dtw, first token: {other:.0f} ms"
            label = f"{what}, first words of {len(ours)}, {part:.0%} are off by"
            self.table.add(label, mine, ("whisper-cli, segment starts", theirs), mine, gate, "ms", note)

    def bounds(self):
        differences = []
        for clip, _ in self.clips():
            mine, heard = self.both(clip)
            ours = [(tuple(plain(word["text"])), word["end_ms"]) for row in mine for word in row["words"]]
            theirs = [(tuple(plain(text)), end) for text, end in joined(heard)]
            # Beside a pause a word's end is bounded by voice activity, and not by attention.
            ours, theirs = ours[:-1], theirs[:-1]
            for at, other, size in same([word for word, _ in ours], [word for word, _ in theirs]):
                differences += [abs(ours[at + step][1] - theirs[other + step][1]) for step in range(size)]
        if len(differences) < 30:
            raise Trouble(f"only {len(differences)} words are the same on both sides")
        middle = sorted(differences)[len(differences) // 2]
        self.table.add(f"bounds: {len(differences)} words, median", middle, ("whisper-cli -dtw", 0), middle, "<= 20", "ms")

    def timed(self, audio, ours, theirs):
        """Costs of transcribing audio anew, and of whisper-cli."""
        with folder(self.scratch, "base") as base:
            self.taken(base, audio)

            def mine():
                with folder(self.scratch, "store") as store:
                    shutil.rmtree(store)
                    shutil.copytree(base, store)
                    return self.transcribe(store, *ours)

            return turns(self.asked.runs, mine, lambda: self.peer(audio, *theirs))

    def speed(self):
        audio = self.speech(self.asked.seconds)
        mine, theirs = self.timed(audio, [], self.precise())
        self.row("speed", mine, theirs, "<= 1.05", f"{self.asked.seconds / median(mine):.3g} times as fast as it was said")

    def fast(self):
        mine, theirs = self.timed(self.speech(self.asked.seconds), ["--fast"], ["-nfa"])
        self.row("fast", mine, theirs, "<= 1.05", "")

    def vad(self):
        audio = self.speech(self.asked.seconds, 0.5)
        mine, theirs = self.timed(audio, [], self.precise())
        self.row("vad: half of it silent", mine, theirs, "<= 0.60", "the fraction of speech and 0.10")

    def row(self, name, mine, theirs, gate, note):
        ours, peer = median(mine), median(theirs)
        what = f"{name}: {self.asked.seconds} s, wall"
        self.table.add(what, ours, ("whisper-cli", peer), ours / peer, gate, "s", note)

    def resume(self):
        # Longer: the piece that was being heard is heard again, which is a tenth of what is short.
        audio = self.speech(4 * self.asked.seconds)
        with folder(self.scratch, "base") as base, folder(self.scratch, "store") as store:
            self.taken(base, audio)
            stores = [self.scratch / "store" / name for name in ("whole", "killed")]
            for one in stores:
                shutil.copytree(base, one)
            whole = self.transcribe(stores[0])
            asked = ["--vod", VOD, "--model", self.asked.model, "--language", "en", "--threads", "1"]
            command = [self.bin / "transcribe", "--store", stores[1], *asked]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
                try:
                    child.wait(whole.wall / 2)
                except subprocess.TimeoutExpired:
                    child.kill()
            rest = self.transcribe(stores[1])
            manifests = [digest(next(one.glob("runs/transcribe/*/manifest.json"))) for one in stores]
        if manifests[0] != manifests[1]:
            raise Trouble(f"the manifests differ: {manifests}")
        note = "both manifests are equal"
        self.table.add("resume: killed at half, the rest", rest.wall, ("a full run", whole.wall), rest.wall / whole.wall, "<= 0.55", "s", note)


def joined(rows):
    """Words of whisper-cli's tokens, each with the end by time warping in ms."""
    words = []
    for token in (token for row in rows for token in row["tokens"]):
        if token["text"].startswith("[_"):
            continue
        if token["text"].startswith(" ") or not words:
            words.append([token["text"].strip(), token["t_dtw"] * 10])
        elif any(character.isalnum() for character in token["text"]):
            words[-1] = [words[-1][0] + token["text"], token["t_dtw"] * 10]
    return words


def same(ours, theirs):
    return difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()


def plain(text):
    return re.sub(r"[^a-z0-9 ]", "", text.lower().replace("-", " ").replace("mr.", "mister")).split()


def distance(ours, said):
    """Words to change, add or leave out (Levenshtein)."""
    row = list(range(len(said) + 1))
    for number, word in enumerate(ours, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(said, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1]


def samples_of(path):
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise Trouble(f"{path} is not 16 kHz mono")
        return array.array("h", file.readframes(file.getnframes()))


def write(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def main():
    rows = ["words", "times", "bounds", "speed", "fast", "vad", "resume"]
    parser = argparse.ArgumentParser(prog="ci/bench asr", epilog=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny.en", help="Whisper model of both sides [tiny.en]")
    parser.add_argument("--seconds", type=int, default=180, help="length of the speech that is timed [180]")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command [3]")
    parser.add_argument("--only", type=lambda text: text.split(","), default=rows, metavar="ROW,ROW", help="these alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end in place of the table")
    parser.add_argument(
        "--recording",
        type=pathlib.Path,
        metavar="FILE.wav",
        help="words and times of this one too (16 kHz mono); beside it FILE.json: [{start, end, text}], in seconds",
    )
    for hidden in ("--bin", "--folder", "--cli", "--models"):
        parser.add_argument(hidden, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if set(asked.only) - set(rows):
        parser.error(f"--only takes {','.join(rows)}")
    if asked.seconds < 60 or asked.runs < 1:
        parser.error("--seconds is at least 60, --runs at least 1")
    header = measure.machine(1) | {
        "runs": asked.runs,
        "ours": f"{first_line(asked.bin / 'transcribe', '--version')}, sha256 {digest(asked.bin / 'transcribe')}",
        "model": asked.model,
    }
    if not asked.json:
        measure.say(header)
    measure.measure(Bench(asked), [row for row in rows if row in asked.only], header)


main()
