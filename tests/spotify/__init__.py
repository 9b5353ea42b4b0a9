"""The client of the Web API, held against the sandbox."""
