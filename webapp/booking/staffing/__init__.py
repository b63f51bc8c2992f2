"""Who can fill an offering, alone, as one of two, or in turn."""
