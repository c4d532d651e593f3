"""Brings calls to the probes that offer them."""
