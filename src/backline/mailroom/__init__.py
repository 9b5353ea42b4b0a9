"""Statements fetched from where distributors send them: mailboxes and SFTP folders."""
