"""The JSON API on this machine: health, readiness, OpenAPI. Reads storage, decides nothing."""
