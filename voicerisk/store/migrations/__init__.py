"""How the tables came to be, step by step; `voicerisk.store.migrate` walks the steps."""
