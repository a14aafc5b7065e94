"""Programs packed into jobs, priced, and submitted once."""
