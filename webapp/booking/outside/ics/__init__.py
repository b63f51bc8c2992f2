"""Calendars published at an address (RFC 5545)."""
