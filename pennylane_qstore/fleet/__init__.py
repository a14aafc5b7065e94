"""The backends that circuits run on: one, or a fleet of several with failover."""
