"""Pure values and rules: no I/O, no clock, no randomness; time, ids and secrets are arguments."""
