"""Templates: a structure that is compiled once, its key, the cache, and the angles bound to it."""
