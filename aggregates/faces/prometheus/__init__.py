"""All metrics for Prometheus: a collector for people's own registries, and a server."""
