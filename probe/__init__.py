"""The probe's distribution; what is imported is `scope_probe` under `src`. This file names its tests apart from others."""
