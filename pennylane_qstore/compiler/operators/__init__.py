"""Which PennyLane operators the compiler knows, and what they decompose to."""
