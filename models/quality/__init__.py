"""How well the detector does on public machine data, beside its peers: `python -m models.quality`."""
