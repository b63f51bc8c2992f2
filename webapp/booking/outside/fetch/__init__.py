"""Asking servers of somebody else's, without being led into our own network."""
