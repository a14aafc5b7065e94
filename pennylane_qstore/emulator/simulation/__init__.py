"""The emulator's simulators: exact, sampled and noisy."""
