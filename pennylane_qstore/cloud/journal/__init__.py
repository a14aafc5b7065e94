"""The journal: every job is written down before it is sent."""
