"""When to look at live jobs."""
