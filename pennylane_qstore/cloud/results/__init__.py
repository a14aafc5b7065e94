"""Results fetched, checked, and merged in the order of the circuits."""
