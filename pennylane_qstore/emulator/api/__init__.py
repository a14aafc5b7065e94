"""The emulator's HTTP routes, the page, and the command."""
