"""What compiler and cloud share: native programs on the way there, outcomes on the way back."""
