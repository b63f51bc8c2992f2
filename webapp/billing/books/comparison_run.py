"""A comparison with Stripe from its first page to its last, and the mending of what it finds.

One page of a hundred objects is one job, and each job puts the next in line: however many
subscriptions there are, Stripe is asked one thing at a time. Differences are mended by the code
that mirrors events; Stripe itself is changed only where our terms command it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.billing import stripe_events
from webapp.billing.books.comparing import (
    COMPARED,
    Compared,
    Difference,
    differences,
    mark_alike,
    unlisted,
)
from webapp.billing.calls import charges, events
from webapp.billing.calls.listing import page_of
from webapp.billing.event_parties import NotOurs, engagement_of, invoice_paid_by
from webapp.billing.models import (
    Alert,
    Drift,
    Invoice,
    Payment,
    Reconciliation,
    StripeEvent,
    Subscription,
)
from webapp.billing.paying_out import receiving
from webapp.billing.stripe_gateway import Missing
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.web import firm_zone

log = structlog.get_logger()

PAGE, MEND, JUDGE = (
    "billing.compare_page", "billing.mend_drift", "billing.judge_comparison",
)  # fmt: skip
# Mends read a few objects each: ten begin a second at most.
MENDS_A_SECOND = 10
NIGHTLY_FROM = 3
JUDGED_AFTER = timedelta(minutes=15)
# Stages in which no subscription may go on.
OVER_STAGES = ("ended", "lost")
SHOULD_END = "should_end"


def begin(asked_by: Person | None = None) -> Reconciliation:
    """Start a comparison; the one under way when there is one."""
    run, new = Reconciliation.begin(asked_by)
    if new:
        if asked_by:
            audit.record("reconciliation.asked", run)
        _next(run, 0)
    return run


def _next(run: Reconciliation, step: int) -> None:
    """step: the place in COMPARED."""
    run.noun = COMPARED[step].label
    outbox.enqueue(PAGE, run.id, step, key=f"{PAGE}:{run.id}:{step}:{run.cursor}")


def plan() -> None:
    """Once a night, from three o'clock where the firm is, if there is anything to compare."""
    local = clock.now().astimezone(ZoneInfo(firm_zone()))
    if local.hour >= NIGHTLY_FROM and session.scalar(select(Subscription.id).limit(1)):
        outbox.enqueue("billing.compare", local.date().isoformat())


def compare_page(run_id: uuid.UUID, step: int) -> None:
    """One page, and what of the nouns after it fits on a page each: a small firm's books are
    compared by one job, a large one's by a job a page."""
    run = session.get_one(Reconciliation, run_id, with_for_update=True)
    upcoming = None if run.finished_at else step
    while upcoming is not None:
        upcoming = _compare(run, upcoming)


def _compare(run: Reconciliation, step: int) -> int | None:
    """Write down what differs on a page, put its mending in line; the step to go on with here."""
    compared = COMPARED[step]
    documents, after = page_of(compared.noun, compared.params(), run.cursor)
    run.note(compared.label, len(documents))
    found, alike = differences(compared, documents)
    mark_alike(compared, alike)
    close_alike(compared.noun, alike)
    _write_down(run, _settled(found))
    if compared.model is Subscription:
        _command([document["id"] for document in documents])
    run.cursor = after
    return _go_on(run, step, compared)


def _go_on(run: Reconciliation, step: int, compared: Compared) -> int | None:
    if run.cursor:
        _next(run, step)
        return None
    _write_down(run, _unlisted(run, compared))
    if step + 1 < len(COMPARED):
        run.noun = COMPARED[step + 1].label
        return step + 1
    run.finished_at, run.noun = clock.now(), ""
    outbox.enqueue(JUDGE, run.id, run_after=clock.now() + JUDGED_AFTER)
    return None


def _unlisted(run: Reconciliation, compared: Compared) -> list[Difference]:
    """What stands open for another reason was listed."""
    open_ids = select(Drift.stripe_id).where(
        Drift.mended_at.is_(None), Drift.field != "existence", Drift.noun == compared.noun
    )
    known = set(session.scalars(open_ids))
    return [one for one in unlisted(compared, run.started_at) if one.stripe_id not in known]


def _settled(found: Sequence[Difference]) -> list[Difference]:
    """Without what a waiting event is about: it will be read anew in a moment anyway."""
    ids = {one.stripe_id for one in found}
    waiting = select(StripeEvent.about).where(
        StripeEvent.state == "received", StripeEvent.about.in_(ids)
    )
    on_its_way = set(session.scalars(waiting)) if ids else set()
    return [one for one in found if one.stripe_id not in on_its_way]


def _write_down(run: Reconciliation, found: Iterable[Difference]) -> None:
    objects: dict[tuple[str, str], None] = {}
    for one in found:
        Drift.find(
            noun=one.noun, stripe_id=one.stripe_id, field=one.field, ours=one.ours,
            theirs=one.theirs, run_id=run.id, engagement_id=_owner(one),
        )  # fmt: skip
        objects[one.noun, one.stripe_id] = None
    for number, (noun, stripe_id) in enumerate(objects):
        outbox.enqueue(
            MEND, noun, stripe_id, key=f"{MEND}:{run.id}:{noun}:{stripe_id}",
            run_after=clock.now() + timedelta(seconds=number // MENDS_A_SECOND),
        )  # fmt: skip


def _owner(one: Difference) -> uuid.UUID | None:
    for model in (Subscription, Invoice):
        owner = session.scalar(select(model.engagement_id).filter_by(stripe_id=one.stripe_id))
        if owner:
            return owner
    return None


def close_alike(noun: str, stripe_ids: Sequence[str]) -> None:
    """Differences that are gone: an event, or somebody, mended them meanwhile."""
    rows = select(Drift).where(
        Drift.noun == noun, Drift.stripe_id.in_(stripe_ids), Drift.mended_at.is_(None)
    )
    for drift in session.scalars(rows).all():
        drift.mend("commanded" if drift.field == SHOULD_END else "read_anew")


def _command(stripe_ids: Sequence[str]) -> None:
    """A subscription that goes on after its engagement is over is ended: our terms say so."""
    rows = (
        select(Subscription)
        .join(Engagement)
        .where(Subscription.stripe_id.in_(stripe_ids), Engagement.stage.in_(OVER_STAGES))
    )
    for mirror in session.scalars(rows).all():
        if not mirror.over:
            _end(mirror)


def _end(mirror: Subscription) -> None:
    Drift.find(
        noun="customer.subscription", stripe_id=mirror.stripe_id, field=SHOULD_END,
        ours=mirror.engagement.stage, theirs=mirror.status, engagement_id=mirror.engagement_id,
    )  # fmt: skip
    key = f"billing.cancel_subscription:{mirror.stripe_id}:{clock.now():%Y%m%d}"
    outbox.enqueue("billing.cancel_subscription", mirror.stripe_id, key=key)


# -- mending ---------------------------------------------------------------------------------------


def mend(noun: str, stripe_id: str) -> None:
    """Read an object anew by the code that its events use, and see whether we agree now."""
    try:
        _mirror_anew(noun, stripe_id)
    except NotOurs as reason:
        log.info("books.not_ours", noun=noun, stripe_id=stripe_id, reason=str(reason))
        _close(noun, stripe_id, "gone")
        return
    except Missing:
        return  # stays open: Stripe does not know what we have
    session.flush()
    compared = next(one for one in COMPARED if one.noun == noun)
    document = events.subject_now(noun, stripe_id)
    left, _ = differences(compared, [document])
    still = {one.field for one in left}
    for drift in Drift.open_of(noun, stripe_id):
        if drift.field not in still | {SHOULD_END}:
            drift.mend("read_anew")


def _mirror_anew(noun: str, stripe_id: str) -> None:
    if noun == "charge" and Payment.known(stripe_id) is None:
        found = charges.read(stripe_id)
        invoice = invoice_paid_by(found.payment_intent)
        engagement_of(str(invoice.engagement_id))
        receiving.keep(invoice, found)
        return
    stripe_events.NOUNS[noun](events.subject_now(noun, stripe_id))


def _close(noun: str, stripe_id: str, how: str) -> None:
    for drift in Drift.open_of(noun, stripe_id):
        drift.mend(how)


def judge(run_id: uuid.UUID) -> None:
    """Some time after the last page: what could not be mended is for a person."""
    left = select(func.count()).where(Drift.mended_at.is_(None))
    count = session.scalar(left) or 0
    if count:
        Alert.sound("drift", f"comparison {run_id}", f"{count} differences could not be mended")
