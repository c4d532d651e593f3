"""Programs of the SDK to read and to start from."""
