"""``qstore train``: its options, and its two trainings, of digits and of ten-class pictures."""
