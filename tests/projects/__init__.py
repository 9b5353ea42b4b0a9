"""Projects of other people, made anew by the tests: Backline in them, and their workers."""
