"""`cartledger setup` with a person at a terminal: what is asked, what is asked again, and Ctrl-C."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from tests.road.setup.conftest import CTRL_C, allow

OWN_PAGE = "https://shop.example/connected"
ADDRESS = re.compile(r"http://\S+oauth2\?\S+")
DECISIONS = [("No order before", "2020-01-01"), ("What an order", "invoice"), ("What is kept in step", "")]


def browse(shown):
    return allow(ADDRESS.findall(shown)[-1])


def keys(stranger):
    """The answers about both sides."""
    here = stranger.sim.addresses()
    return [
        ("Store hash", here["store_hash"]),
        ("Token of", here["access_token"]),
        ("Client id", here["client_id"]),
        ("Client secret", here["client_secret"]),
        ("Address (", browse),
    ]


def test_from_the_first_question_to_the_last(make_stranger):
    stranger = make_stranger()
    shown = stranger.talk("setup", "--paste", *stranger.sides(), answers=[*keys(stranger), *DECISIONS, ("Write ", "y")])
    assert "exit 0" in shown
    here = stranger.sim.addresses()
    assert [secret for secret in (here["access_token"], here["client_secret"]) if secret in shown] == []
    main = stranger.tree["connections"]["main"]
    assert (main["sales"]["post_as"], main["workflows"]) == ("invoice", ["sales", "payments", "refunds"])
    assert stranger.run("check").code == 0


def test_where_it_cannot_listen_it_says_so_and_the_pasted_address_does_not_show(make_stranger):
    stranger, pasted = make_stranger(orders=4), []
    stranger.sim.company.tokens.redirect_uris.add(OWN_PAGE)

    def paste(shown):
        pasted.append(browse(shown))
        return pasted[0]

    answers = [*keys(stranger)[:-1], ("Address (", paste), *DECISIONS, ("Write ", "y")]
    shown = stranger.talk("setup", "--redirect-uri", OWN_PAGE, *stranger.sides(), answers=answers)
    assert "exit 0" in shown
    assert f"Intuit then sends the browser to {OWN_PAGE}, where cartledger cannot listen." in shown
    code = dict(parse_qsl(urlsplit(pasted[0]).query))["code"]
    assert code not in shown


def test_who_mistypes_is_asked_again(make_stranger):
    stranger = make_stranger(orders=4)
    right = keys(stranger)
    wrong = [("Store hash", "nonsense"), ("Token of", "nothing"), ("Store hash", "My Shop"), *right[:2]]
    app = [right[2], ("Client secret", "wrong"), right[4], *right[2:]]
    days = [("No order before", "soon"), DECISIONS[0], ("What an order", "bill"), DECISIONS[1]]
    shown = stranger.talk(
        "setup",
        "--paste",
        *stranger.sides(),
        answers=[*wrong, *app, *days, ("What is kept in step", "sales paiments"), DECISIONS[2], ("Write ", "y")],
    )
    assert "exit 0" in shown
    for sentence in (
        "BigCommerce knows no store “nonsense”.",
        'store_hash is "My Shop"; allowed are lower-case letters and digits.',
        "Intuit does not know the app: the client id or the client secret is wrong.",
        "soon is no day; write it as 2026-01-31.",
        "'bill' is not one of 'sales_receipt', 'invoice'.",
        "paiments is none of sales, payments, refunds, stock.",
    ):
        assert sentence in shown


def test_who_says_no_at_the_end_has_nothing(make_stranger):
    stranger = make_stranger(orders=4)
    shown = stranger.talk("setup", "--paste", *stranger.sides(), answers=[*keys(stranger), *DECISIONS, ("Write ", "n")])
    assert ("exit 1" in shown, stranger.files) == (True, set())


def test_ctrl_c_leaves_nothing(make_stranger):
    stranger = make_stranger(orders=4)
    for given in (1, 4, 5, 8):
        answers = [*keys(stranger), *DECISIONS, ("Write ", "y")][:given]
        question = [*keys(stranger), *DECISIONS, ("Write ", "y")][given][0]
        shown = stranger.talk("setup", "--paste", *stranger.sides(), answers=[*answers, (question, CTRL_C)])
        assert ("Aborted!" in shown, stranger.files) == (True, set())


def test_what_has_no_proposal_is_asked_for(make_stranger):
    stranger = make_stranger(orders=4)
    for account in stranger.sim.company.objects("Account"):
        if account["Name"] in {"Card clearing", "Undeposited Funds"}:
            stranger.sim.company.state.get("Account", account["Id"]).shown["Active"] = False
    shown = stranger.talk(
        "setup",
        "--paste",
        *stranger.sides(),
        answers=[*keys(stranger), *DECISIONS, ("Its name", "Checking"), ("Write ", "y")],
    )
    assert "No account is called as one for payments on their way is." in shown
    assert stranger.tree["connections"]["main"]["payments"]["default_account"] == "Checking"


def test_class_and_location_are_asked_for_where_they_are_tracked(make_stranger):
    stranger = make_stranger(orders=4)
    stranger.sim.company.preferences["AccountingInfoPrefs"] |= {"ClassTrackingPerTxn": True, "TrackDepartments": True}
    shown = stranger.talk(
        "setup",
        "--paste",
        *stranger.sides(),
        answers=[*keys(stranger), *DECISIONS, ("class of", "web"), ("location of", ""), ("Write ", "y")],
    )
    assert "exit 0" in shown
    sales = stranger.tree["connections"]["main"]["sales"]
    assert (sales["class"], "location" in sales) == ("Web", False)
