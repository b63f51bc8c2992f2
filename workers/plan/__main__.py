"""`python -m workers.plan`: run every planner once."""

from workers.app import flask_app
from workers.plan import everything

with flask_app.app_context():
    everything()
