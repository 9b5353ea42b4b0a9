"""What every run has in common. Knows no task, no trade, no queue."""
