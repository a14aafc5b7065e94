"""Two handwritten digits, told apart by a circuit that learns on the device."""
