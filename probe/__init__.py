"""The probe's distribution: `scope_probe` is under `src`; this file tells its tests apart from others."""
