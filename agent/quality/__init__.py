"""How well the whole agent detects: measurements on the simulated fleet and on a real server."""
