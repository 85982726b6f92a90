"""The supervisor's console: pages in the browser, fed by the same event feed that other software can read."""
