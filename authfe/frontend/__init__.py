"""The edge as a process of its own: told by its environment, it writes Envoy's configuration and becomes Envoy."""
