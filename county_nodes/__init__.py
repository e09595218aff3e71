"""Simulated county platforms and hospitals: they make records, push them, and know what is wrong in them."""
