"""Stand-ins for the world outside, and the two commands: a first run and the tests.

Open ``__main__`` first: it makes ``.venv`` and hands over to ``cli``. ``supervisor`` keeps programs
running, ``demo_run`` and ``test_run`` say which.
"""
