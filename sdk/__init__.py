"""The SDK's distribution: `scope_sdk` is under `src`; this file tells its tests apart from others."""
