"""What tasks load when they are carried. The tasks themselves are known to every process, so they load little."""
