"""`python -m voicerisk` is the `voicerisk` command."""

from voicerisk.cli import main

main()
