"""Tokens, and the page where a person lets an app into the company."""

import base64
from urllib.parse import parse_qsl, urlsplit

import pytest

from simulator.quickbooks.oauth import CODE_SECONDS, HARD_SECONDS, LOOPBACK, PLAYGROUND, REFRESH_SECONDS, SCOPE
from tests.simulator.quickbooks.test_http import QUERY

TELL_ALL = {"x-include-refresh-token-hard-expires-in": "true"}


@pytest.fixture
def ask(http, company, token_url):
    def send(headers=None, /, **form):
        return http.post(token_url, data=form, headers={**basic(company), **(headers or {})})

    return send


def basic(company, secret=None):
    pair = f"{company.client_id}:{secret or company.client_secret}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def test_a_refresh_brings_new_tokens_and_voids_the_old_one(http, company, ask):
    old = company.refresh_token
    answer = ask(grant_type="refresh_token", refresh_token=old)
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["refresh_token"]) == ("bearer", 3600, company.refresh_token)
    assert body["refresh_token"] != old
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert http.get(QUERY, headers=headers).status_code == 200
    again = ask(grant_type="refresh_token", refresh_token=old)
    assert (again.status_code, again.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"},
    )
    assert company.counts.token_refreshes == 1


def test_a_refresh_token_may_live_through_several_refreshes(company, ask):
    company.tokens.rotate_every = 3
    first = company.refresh_token
    values = [ask(grant_type="refresh_token", refresh_token=first).json()["refresh_token"] for _ in range(3)]
    assert [value == first for value in values] == [True, True, False]


def test_a_code_is_exchanged_once(company, ask):
    code = company.tokens.issue_code()
    body = ask(grant_type="authorization_code", code=code, redirect_uri=LOOPBACK).json()
    assert body["refresh_token"] == company.refresh_token
    again = ask(grant_type="authorization_code", code=code, redirect_uri=LOOPBACK).json()
    assert again == {"error": "invalid_grant", "error_description": "Invalid authorization code"}


def test_a_code_is_for_the_redirect_uri_that_it_was_asked_with(company, ask):
    code = company.tokens.issue_code()
    assert ask(grant_type="authorization_code", code=code, redirect_uri=PLAYGROUND).json()["error"] == "invalid_grant"
    assert company.counts.invalid_grants == 1


@pytest.mark.parametrize(("seconds", "status"), [(CODE_SECONDS - 1, 200), (CODE_SECONDS, 400)])
def test_a_code_lives_some_minutes(company, clock, ask, seconds, status):
    code = company.tokens.issue_code()
    clock.now += seconds
    assert ask(grant_type="authorization_code", code=code, redirect_uri=LOOPBACK).status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(REFRESH_SECONDS - 1, 200), (REFRESH_SECONDS, 400)])
def test_a_refresh_token_that_nobody_uses_ends(company, clock, ask, seconds, status):
    clock.now += seconds
    assert ask(grant_type="refresh_token", refresh_token=company.refresh_token).status_code == status


def test_a_grant_ends_after_five_years_however_often_it_is_used(company, clock, ask):
    step, told = 90 * 86_400, []
    while (answer := ask(TELL_ALL, grant_type="refresh_token", refresh_token=company.refresh_token)).status_code == 200:
        told.append(answer.json()["x_refresh_token_hard_expires_in"])
        clock.now += step
    assert told == [HARD_SECONDS - number * step for number in range(21)]


def test_the_hard_end_is_told_to_those_who_ask(company, ask):
    answer = ask(grant_type="refresh_token", refresh_token=company.refresh_token)
    assert "x_refresh_token_hard_expires_in" not in answer.json()


def test_a_wrong_client_and_a_wrong_grant(company, ask):
    wrong = ask(basic(company, "not the secret"), grant_type="refresh_token", refresh_token=company.refresh_token)
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    assert ask(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_revoked_tokens_are_over(http, company, ask):
    old = company.refresh_token
    company.tokens.revoke()
    assert ask(grant_type="refresh_token", refresh_token=old).json()["error"] == "invalid_grant"
    assert ask(grant_type="refresh_token", refresh_token="").json()["error"] == "invalid_grant"
    assert http.get(QUERY).status_code == 401


# -- the page


@pytest.fixture
def page(http, company, token_url):
    """Asks the page with these parameters changed; with `answer` a button is pressed."""

    def ask(answer=None, **changed):
        asked = {
            "client_id": company.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": LOOPBACK,
            "state": "s 1&é",
            **changed,
        }
        address = token_url.replace("/oauth2/v1/tokens/bearer", "/connect/oauth2")
        if answer is None:
            return http.get(address, params=asked)
        return http.post(address, params=asked, data={"answer": answer})

    return ask


def test_the_page_names_the_company_and_gives_a_choice(page, company):
    shown = page()
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    for words in (company.read("CompanyInfo", "1")["CompanyName"], "Connect</button>", "No thanks</button>"):
        assert words in shown.text


@pytest.mark.parametrize("redirect_uri", [LOOPBACK, PLAYGROUND])
def test_yes_sends_the_browser_back_with_a_code(page, company, ask, redirect_uri):
    sent = page("connect", redirect_uri=redirect_uri)
    assert sent.status_code == 302
    address, _, told = sent.headers["location"].partition("?")
    told = dict(parse_qsl(told))
    assert address == redirect_uri
    assert (told["state"], told["realmId"]) == ("s 1&é", company.realm_id)
    body = ask(grant_type="authorization_code", code=told["code"], redirect_uri=redirect_uri).json()
    assert body["refresh_token"] == company.refresh_token


def test_no_sends_the_browser_back_without_one(page):
    told = dict(parse_qsl(urlsplit(page("refuse").headers["location"]).query))
    assert told == {"error": "access_denied", "state": "s 1&é"}


@pytest.mark.parametrize("answer", [None, "connect"])
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"client_id": "another"}, "client_id query parameter value is invalid"),
        ({"redirect_uri": f"{LOOPBACK}/"}, "redirect_uri query parameter value is invalid"),
        ({"response_type": "token"}, "response_type query parameter value is invalid"),
        ({"scope": "openid profile"}, "scope query parameter value is invalid"),
        ({"state": ""}, "state query parameter is missing"),
    ],
)
def test_a_wrong_question_is_answered_on_the_page(page, answer, changed, words):
    shown = page(answer, **changed)
    assert shown.status_code == 400
    assert words in shown.text


# -- taking back


@pytest.fixture
def take_back(http, company, token_url):
    def send(token, secret=None):
        address = token_url.replace("/oauth2/v1/tokens/bearer", "/v2/oauth2/tokens/revoke")
        return http.post(address, json={"token": token}, headers=basic(company, secret))

    return send


@pytest.mark.parametrize("of", ["refresh_token", "access_token"])
def test_a_token_that_is_taken_back_ends_the_grant(http, company, ask, take_back, of):
    tokens = ask(grant_type="refresh_token", refresh_token=company.refresh_token).json()
    answer = take_back(tokens[of])
    assert (answer.status_code, answer.content) == (200, b"")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert http.get(QUERY, headers=bearer).status_code == 401
    again = ask(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json()["error"] == "invalid_grant"


def test_what_cannot_be_taken_back(company, ask, take_back):
    assert take_back("RT1-unknown").json() == {"error": "invalid_request"}
    assert take_back(company.refresh_token, "not the secret").status_code == 401
    assert ask(grant_type="refresh_token", refresh_token=company.refresh_token).status_code == 200
