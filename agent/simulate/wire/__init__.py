"""How the twin's readings are spelt: a module a wire format, each with the names that its vendors give."""
