"""One file per task family. A task is the only place where a trade and the database meet."""
