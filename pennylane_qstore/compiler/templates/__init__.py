"""Templates: a structure compiled once, its key, the cache, and the angles bound to it."""
