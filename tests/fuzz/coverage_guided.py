"""One target under atheris until the time is up or something is found: `TARGET FOLDER SECONDS`. It ends its process.

A module of its own, because what is fuzzed has to be imported here first, with its branches told to the fuzzer.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["voicerisk.gateways", "voicerisk.media"]):
    from tests.fuzz.targets import TARGETS, seeds

MAX_BYTES = 2048


def main(target: str, folder: Path, seconds: int) -> None:
    """Fuzzes; does not return."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-artifact_prefix={folder}/found-"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(corpus)], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
