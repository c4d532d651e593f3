"""The front end: what compiles the contracts into the edge that all callers meet."""
