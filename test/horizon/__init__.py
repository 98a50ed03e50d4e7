"""Oracles of the horizon: what they compute comes from the payload alone, without the package under test."""
