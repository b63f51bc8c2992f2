"""Choosing a time: months of days, one day's times, zones."""
