"""Takes reports from probes and appends them to the report log."""
