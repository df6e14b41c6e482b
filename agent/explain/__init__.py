"""Why there was an alert, by scoring it again, or why there was none."""
