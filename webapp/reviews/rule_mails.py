"""The mails about a series' rule: that it changed, and that a client would like another."""

from __future__ import annotations

from webapp.accounts.models import Person
from webapp.notifications.sending import send_email
from webapp.reviews.changing import MonthShown, preview
from webapp.reviews.explained import in_words
from webapp.reviews.models import ReviewSeries
from webapp.reviews.parties import consultants_of, sides_of
from webapp.reviews.rule import Rule
from webapp.web import absolute_url, format_when

TOLD = 3


def tell_changed(series: ReviewSeries, revision: int) -> None:
    """To both sides, once its reviews went along: the dates are those in the calendars by now."""
    months = preview(series, series.when)[:TOLD]
    for person, _ in sides_of(series.engagement):
        send_email(
            "review_rule_changed",
            person,
            series,
            str(revision),
            company=company_of(series),
            rule=in_words(series.when),
            rows=[(f"{month.dated.month:%B}", _told(month, person.time_zone)) for month in months],
            url=absolute_url("reviews.series", engagement_id=series.engagement_id),
        )


def _told(month: MonthShown, zone: str) -> str:
    return "A time is being looked for" if month.homeless else format_when(month.at, zone)


def tell_wish(series: ReviewSeries, rule: Rule, by: Person, address: str, day: str) -> bool:
    """To its consultants: the client would like another rule; the address shows it filled in.

    Once a day for the same wish; whether anybody is told of it now.
    """
    told = [
        send_email(
            "review_rule_wish",
            person,
            series,
            f"{day} {in_words(rule)}",
            company=company_of(series),
            by=by,
            rule=in_words(rule),
            present=in_words(series.when),
            url=address,
        )
        for person in consultants_of(series.engagement)
    ]
    return any(told)


def company_of(series: ReviewSeries) -> str:
    company = series.engagement.company
    return company.name if company else series.engagement.title
