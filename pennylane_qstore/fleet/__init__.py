"""Where circuits run: the members of a device, and the way of a batch through them."""
