"""What a run costs: Backline beside plain Celery, DBOS and Procrastinate doing the same work."""
