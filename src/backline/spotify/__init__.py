"""The Web API of Spotify as it is in 2026: routes, payloads, faults, tokens, one call, and typed endpoints."""
