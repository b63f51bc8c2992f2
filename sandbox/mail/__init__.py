"""The mail sink: takes every message over SMTP, keeps it, and can misbehave on request.

``store`` keeps messages, ``sink`` speaks SMTP, ``switches`` says how to misbehave, ``letter`` reads
a message for people. Started with ``python -m sandbox.mail --port N --state DIR``.
"""
