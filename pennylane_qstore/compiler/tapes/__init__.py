"""Reduce PennyLane's tapes to gates and measurements that can be compiled."""
