"""Everything of Coldaisle that knows time, operators and the outside world."""
