"""The database: all queries of the house. Tasks and the runtime are the only callers."""
