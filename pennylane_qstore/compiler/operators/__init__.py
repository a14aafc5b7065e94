"""Which PennyLane operators the compiler accepts, and what they decompose to."""
