"""A local server that answers like the Web API of 2026; it imports nothing of ours, so that client and server cannot share a misreading."""
