"""The browser's client, in TypeScript (`src/`), and the process that serves what is built of it: `python -m ui`."""
