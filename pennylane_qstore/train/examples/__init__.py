"""``qstore train``: the digits and the ten-class pictures."""
