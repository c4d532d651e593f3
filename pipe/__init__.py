"""Joins the two ends of a pipe."""
