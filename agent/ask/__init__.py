"""Answers to questions about an incident: from its evidence, or by a model that a site names itself."""
