"""Calendars that consultants keep elsewhere: their busy time counts, their contents stay theirs."""
