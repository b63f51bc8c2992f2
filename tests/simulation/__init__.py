"""Years that never were: many engagements, drawn at random, through everything that can go wrong.

`python -m tests.simulation --help` says how to run a long one; test_year.py runs a short one.
"""
