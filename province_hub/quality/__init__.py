"""Data quality: rules, one file per dimension, and the engine that runs them."""
