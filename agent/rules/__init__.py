"""What speaks for a fault by physics alone, a module a part of the host; agent/diagnosis.py asks them all."""
