"""Moves the sandbox's business time forward without leaving anything out.

``machine`` steps from one due instant to the next; ``jobs`` looks at the app's jobs, ``stand_in``
talks to the Stripe stand-in, ``planner`` runs the app's planners.
"""
