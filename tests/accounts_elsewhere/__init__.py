"""Stand-ins that speak the protocols of Google and Microsoft over HTTP, and check what they are
asked: they know only what the public documentation says, and were never held against the live
services."""
