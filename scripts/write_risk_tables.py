"""Writes what ships into docs/risk.md. Run it after a change of voicerisk/risk/library."""

from pathlib import Path

from voicerisk.risk.library.table import in_document

DOCUMENT = Path(__file__).parents[1] / "docs" / "risk.md"

if __name__ == "__main__":
    DOCUMENT.write_text(in_document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
