"""Reads over several rooms, one page's worth a file."""
