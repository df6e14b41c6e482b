"""The map of a zone's inlet air and the network that reads it: agent.rack_air asks it once a minute."""
