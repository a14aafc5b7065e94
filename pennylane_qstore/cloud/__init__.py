"""Programs to outcomes: packing, submitting, waiting, fetching; it never imports PennyLane."""
