"""The data that compiler and cloud share: native programs and measured outcomes."""
