"""Report files in, columnar facts out; knows no database. `read.open_report` is the door."""
