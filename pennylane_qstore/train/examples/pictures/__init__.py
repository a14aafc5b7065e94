"""Ten classes of pictures, learned on a statevector simulator and checked on the device."""
