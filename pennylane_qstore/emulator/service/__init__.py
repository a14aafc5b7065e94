"""The emulator's jobs: their life cycle, store, sessions, clock and faults."""
