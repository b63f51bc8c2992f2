"""What every resource stands on: the store, time, events, errors, identifiers."""
