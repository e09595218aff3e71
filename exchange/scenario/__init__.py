"""Scenarios: many nodes against a hub over simulated days."""
