"""Requests to the emulator, checked and read into circuits."""
