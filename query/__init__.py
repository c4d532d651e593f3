"""Answers live views of what every organization runs, from its report log."""
