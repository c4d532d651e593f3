"""Traces and metrics by OpenTelemetry: what there is, is declared in each package's `instruments.py`.

Where neither a port for Prometheus nor a collector is configured nothing is collected, and it costs next to nothing.
"""
