"""Which of several equivalent circuits is sent, and what the start and the measurement spare."""
