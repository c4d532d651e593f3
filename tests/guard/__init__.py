"""The guard table: every way into the contracts, tried with every credential and every trick."""
