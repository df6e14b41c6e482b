"""From messages of any dialect to columns of readings."""
