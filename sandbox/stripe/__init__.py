"""A stand-in for Stripe over HTTP, reached by the real SDK, for a first run and for tests.

    python -m sandbox.stripe --state FOLDER --port 8421 \\
        --api-key sk_test_standin --webhook-url URL --webhook-secret whsec_...

    stripe.StripeClient("sk_test_standin", base_addresses={"api": "http://127.0.0.1:8421"})

It keeps everything in one SQLite file, listens on loopback only and does not start beside a live
key. Every request, response and event is checked against the installed SDK's own types: a parameter
Stripe does not know is refused as Stripe does (``parameter_unknown``), one it knows and the
stand-in does not act on is refused too (``not_imitated``), and an answer of another shape than the
SDK's is listed under ``/_sandbox/violations``. It has never been compared with the real Stripe.

Layout: ``sdk`` reads the SDK's types; ``core`` is the store, time, events and errors; ``billing``
is what happens to money and time; ``resources`` is the API and ``pages`` the hosted pages, both on
top of ``billing``; ``control*.py`` are ``/_sandbox``: time, what goes wrong, what others do.

What a browser test may rely on
    * Checkout at ``session.url``: form ``#pay-form`` with the inputs ``email``, ``number``, ``exp``
      (``MM / YY``), ``cvc`` and ``name``; the button ``#pay`` reads "Pay $6,000.00" (or "Start
      subscription", "Save card" when nothing is due); a decline is ``#card-error`` (status 402), a
      wrong entry ``#<input>-error`` (422), with everything typed kept; ``#back`` leads to
      ``cancel_url``; the amount due is ``#total``. An expired session answers 410, a paid one goes
      to ``success_url``.
    * Where Checkout works out tax or asks for an address: ``#buyer-form`` with ``country`` (two
      letters), ``postal_code``, ``tax_number`` and ``#save-buyer``; the pay form appears once the
      place is known.
      Where codes are allowed: ``#code-form`` with ``code`` and ``#apply-code``, then ``#used-code``
      and ``#remove-code``. ``li[data-sum]`` are subtotal, discount and tax.
    * 3-D Secure: the buttons ``#complete`` and ``#fail``.
    * Bank debits, where the currency has them, at Checkout, in the portal and on the invoice:
      within ``#bank-details`` the form ``#bank-form`` with ``account_email``, ``account_name`` and
      ``routing`` and ``account`` (ACH) or ``iban`` (SEPA); the button ``#pay-by-bank`` or
      ``#add-bank``; on an invoice ``#processing`` while a debit is under way.
    * Connect: onboarding at the account link's ``url`` with the buttons ``#finish`` and ``#leave``;
      the Express dashboard at the login link's with ``#balances``, ``#received``, ``#paid-out``.
    * Portal at ``session.url``: form ``#card-form`` with ``number``, ``exp``, ``cvc``, ``name`` and
      the button ``#add-card``; ``li[data-card]`` per card with "Make default" and "Remove"; links
      to the invoices; ``#return`` leads to ``return_url``.
    * Invoice at ``hosted_invoice_url``: ``#status``, ``#due``, ``#pdf`` and, while it is open,
      ``#pay-form`` with the same inputs and ``#pay``; ``#due-date``; ``a[data-note]`` per credit
      note, which leads to its PDF.

Test cards are in ``billing/cards.py``: 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined,
4000 0000 0000 9995 has no funds, 4000 0025 0000 3155 asks for 3-D Secure once, 4000 0000 0000 3220
each time, 4000 0000 0000 0341 goes on file and fails when charged later, 4000 0000 0000 0259 is
disputed; bank accounts are in ``billing/banks.py``. What is played, what not and what is guessed:
``docs/stripe.md``.
"""
