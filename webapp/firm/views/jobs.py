"""Jobs waiting or failed, and a way to try them again."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp import audit
from webapp.access import FIRM, Role, allow
from webapp.db import session
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.outbox import STATES, Job
from webapp.paging import counted, paged


@blueprint.get("/jobs")
@allow(FIRM)
def jobs() -> ResponseReturnValue:
    state = request.args.get("state", "")
    rows = select(Job).order_by(Job.run_after.desc(), Job.id)
    rows = rows.where(Job.state == state) if state in STATES else rows.where(Job.state != "done")
    form = SearchForm.over(STATES, counted(Job.state))
    return render_template("firm/jobs.html", page=paged(rows), form=form)


@blueprint.post("/jobs/<uuid:job_id>/retry")
@allow(Role.OWNER, Role.COORDINATOR)
def retry_job(job_id: uuid.UUID) -> ResponseReturnValue:
    job = session.get(Job, job_id, with_for_update=True) or abort(404)
    if job.state != "failed":
        abort(409)
    job.retry()
    audit.record("job.retried", job, task=job.task)
    flash("The job is in line again.", "good")
    return redirect(url_for("firm.jobs"), 303)
