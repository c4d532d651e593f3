"""The SDK's distribution; what is imported is `scope_sdk` under `src`. This file names its tests apart from others."""
