"""PennyLane's tapes, reduced to gates and measurements that can be compiled."""
