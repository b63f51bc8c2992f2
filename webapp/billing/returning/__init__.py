"""Money that goes back: refunds that people decide, credit notes, disputes."""
