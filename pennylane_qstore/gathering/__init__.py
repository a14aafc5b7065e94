"""Many callers, one batch: who takes a device's batches when it isn't the device itself."""
