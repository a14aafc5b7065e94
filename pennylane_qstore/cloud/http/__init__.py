"""HTTP requests: transport, rate limit, retries, and the event loop they run in."""
