"""Decoding and checking of records."""
