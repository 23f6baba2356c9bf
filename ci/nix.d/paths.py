#!/usr/bin/env python3
"""Asserts what a change rebuilds, by derivation path: evaluates a copy of the tree before and after one file is edited.

Nothing is built. Prints each edit with what it changes, and ends with 1 when that is not as it should be.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
JOBS = {path.name for path in (ROOT / "jobs").iterdir() if path.name != "lib"}
CUDA = {"infer-cuda", "train-cuda"}


def paths(tree):
    """Derivation path of every package that is built from the tree."""
    command = [ROOT / "ci/nix", "eval", "--json", f"path:{tree}#packages.x86_64-linux"]
    command += ["--apply", "builtins.mapAttrs (name: package: package.drvPath)"]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout)
    return {name: path for name, path in found.items() if name != "default" and not name.startswith("model-")}


def copy(to):
    listed = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in filter(None, subprocess.run(listed, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder) / "tree"
        copy(tree)
        before = paths(tree)
        layers = {name for name in before if name.startswith("layer")}
        edits = [
            ("README.md", "\n", set()),
            ("ci/test", "\n", set()),
            ("jobs/align/tests/it/main.rs", "\n", set()),
            ("jobs/align/src/lib.rs", "\n", {"align", "pipeline"}),
            ("jobs/models/models.toml", "\n", {"models", "pipeline"}),
            ("jobs/lib/testkit/sample/script.toml", "\n", {"pipeline"}),
            ("jobs/lib/asr/src/lib.rs", "\n", {"infer", "infer-cuda", "pipeline", "transcribe"}),
            ("sql/filters/bot.sql", "\n", {"audit", "dataset", "pipeline"}),
            ("sql/slt/audits.slt", "\n", set()),
            ("jobs/lib/ids/src/lib.rs", "\n", JOBS | CUDA),
            ("Cargo.lock", "\n", JOBS | CUDA | layers),
        ]
        wrong = 0
        for name, text, expected in edits:
            file = tree / name
            original = file.read_text()
            file.write_text(original + text)
            after = paths(tree)
            file.write_text(original)
            changed = {package for package in before | after if before.get(package) != after.get(package)}
            print(f"{name}: {', '.join(sorted(changed)) or 'nothing'}")
            if changed != expected:
                print(f"  should be: {', '.join(sorted(expected)) or 'nothing'}", file=sys.stderr)
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
