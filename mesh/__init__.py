"""What every service shares: serving, identity, access, errors, validation, the bus, settings, telemetry and logs."""
