"""Calendar: expired holds."""
