"""What goes wrong while a connection is set up: one clear sentence with the fix, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess

import pytest

from simulator import Simulator
from tests.road.setup.conftest import Stranger, allow

NOWHERE = "http://127.0.0.1:9"
SCOPES = ("store_v2_transactions_read_only", "store_v2_products_read_only")
NEEDED = "--store-hash, --token-file, --client-id, --secret-file, --start-date, --post-as"


def elsewhere(address):
    return "http://localhost:8765/callback?code=AB1&state=another&realmId=1"


def refusing(address):
    return allow(address, "refuse")


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """One shop and company for all: nothing of what goes wrong changes them."""
    with Simulator(connected=False, quotas=False) as sim:
        sim.fill(orders=4, customers=2, clean=True)
        yield Stranger(folder=tmp_path_factory.mktemp("here"), sim=sim)


@pytest.mark.parametrize(
    ("words", "how", "code", "said"),
    [
        (
            (),
            {"store_hash": "other"},
            1,
            "BigCommerce knows no store “other”. Copy the store hash from the address of the control panel: "
            "store-<hash>.mybigcommerce.com.",
        ),
        (
            (),
            {"store_hash": "My Shop"},
            2,
            'connections.main.bigcommerce.store_hash is "My Shop"; allowed are lower-case letters and digits.',
        ),
        (
            (),
            {"access_token": "wrong"},
            1,
            "BigCommerce refuses the token. (BigCommerce 401: X-Auth-Client and X-Auth-Token headers are required and "
            "must match) Make a new API account in the BigCommerce control panel and give its token to `cartledger "
            "setup`.",
        ),
        ((), {"bigcommerce_url": NOWHERE}, 1, "No connection to 127.0.0.1: [Errno 111] Connection refused."),
        (
            (),
            {"client_secret": "wrong"},
            1,
            "Intuit does not know the app: the client id or the client secret is wrong. Copy both from the app's keys "
            "at developer.intuit.com (sandbox and live have different ones).",
        ),
        (
            (),
            {"token_url": NOWHERE},
            1,
            "The code could not be exchanged. No connection to 127.0.0.1: [Errno 111] Connection refused.",
        ),
        ((), {"quickbooks_url": NOWHERE}, 1, "No connection to 127.0.0.1: [Errno 111] Connection refused."),
        (
            (),
            {"browser": refusing},
            1,
            "Access was refused on Intuit's page. Run the command again, as an administrator of the company, "
            "and choose “Connect”.",
        ),
        (
            (),
            {"browser": elsewhere},
            1,
            "The answer is not to this request: its state is another one. Run the command again and open the "
            "address that it prints, not an older one.",
        ),
        (
            (),
            {"browser": lambda _: "hello"},
            2,
            "What was pasted is not the address that Intuit sent the browser to: it has no code and state.",
        ),
        (
            ("--realm-id", "123"),
            {},
            1,
            "The company that was chosen is 4620816365000000001, and not 123, as it is set. Run the command again and "
            "choose the other company, or set the realm id of this one.",
        ),
        (
            ("--workflow", "refunds"),
            {},
            2,
            "Error: Invalid value for '--workflow': without sales nothing is kept in step; add --workflow sales.",
        ),
        (
            ("--set", "sales.clas=Web"),
            {},
            2,
            '--set sales.clas=Web: there is no setting sales.clas. Did you mean "class"?',
        ),
        (("--set", "sales.class"), {}, 2, "--set sales.class has no value. Write it as --set sales.class=Web."),
        (
            ("--set", "quickbooks.client_secret=abc"),
            {},
            2,
            "--set quickbooks.client_secret is a secret, which does not stand in the file.",
        ),
        (
            ("--set", "sales.rounding_limit=lots"),
            {},
            2,
            'connections.main.sales.rounding_limit is "lots", which is no amount; write it as "0.05".',
        ),
        (
            ("--set", "report.when=often", "--set", "sales.post_as=bill"),
            {},
            2,
            'connections.main.sales.post_as is "bill". Allowed: "sales_receipt", "invoice".\n'
            'report.when is "often". Allowed: "never", "each_run", "daily", "on_problem".',
        ),
        (
            ("--set", "stock.safety_stock=3"),
            {},
            2,
            'connections.main.stock.safety_stock has no effect without workflow "stock"; add that, or take it out.',
        ),
        (
            ("--connection", "My shop"),
            {},
            2,
            "Error: Invalid value for '--connection': \"My shop\"; allowed are lower-case letters, digits and _, a "
            "letter first.",
        ),
    ],
)
def test_one_sentence_and_nothing_is_left(one, words, how, code, said):
    found = one.setup(*words, **how)
    assert (found.code, one.files) == (code, set())
    assert said in found.err
    assert "Traceback" not in found.err


def test_every_scope_that_a_token_lacks(make_stranger):
    stranger = make_stranger(orders=2)
    stranger.sim.shop.scopes -= set(SCOPES)
    found = stranger.setup()
    assert (found.code, stranger.files) == (1, set())
    assert "“Order Transactions: read-only”" in found.err
    assert "“Products: read-only”" in found.err


def test_without_a_terminal_every_flag_that_is_missing_is_named(one):
    found = one.run("setup")
    assert (found.code, one.files) == (2, set())
    assert found.err.splitlines()[-1] == f"Error: There is no terminal to ask at. Missing: {NEEDED}."


def test_a_company_of_a_country_that_nobody_has_tried(make_stranger):
    stranger = make_stranger(orders=2)
    stranger.sim.company.state.get("CompanyInfo", "1").shown["Country"] = "FR"
    found = stranger.setup()
    assert (found.code, stranger.files) == (2, set())
    assert found.err.splitlines()[-1] == (
        "The company is in FR; this version keeps the books of companies in the US, the UK, Australia and Canada. "
        "Where its taxes are one code on every line, as there, add --other-country and try it with care."
    )
    assert stranger.setup("--other-country").code == 0


def test_a_folder_that_is_not_there(one):
    place = one.folder / "nowhere"
    words = [*one.program, "--config", str(place / "cartledger.toml"), "setup"]
    ended = subprocess.run(words, capture_output=True, text=True, env=one._environment(), check=False)
    assert (ended.returncode, ended.stderr) == (
        2,
        f"There is no folder {place} to write cartledger.toml into. Run mkdir -p {place}.\n",
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_others_write_to(make_stranger):
    stranger = make_stranger(orders=2)
    stranger.flags()
    stranger.folder.chmod(0o500)
    found = stranger.run("setup")
    stranger.folder.chmod(0o700)
    assert (found.code, found.err) == (
        2,
        f"The folder {stranger.folder} cannot be written to by this user. Run setup as the user that the daemon runs "
        "as, or name another file: cartledger --config FILE setup.\n",
    )


def test_a_file_that_is_none(make_stranger):
    stranger = make_stranger(orders=2)
    stranger.config.write_text("[connections.other\n")
    found = stranger.setup()
    assert (found.code, stranger.config.read_text()) == (2, "[connections.other\n")
    assert found.err.startswith(f"{stranger.config}:1: this is not TOML: ")


def test_a_file_with_a_mistake_is_mended_first(make_stranger):
    stranger = make_stranger(orders=2)
    assert stranger.setup().code == 0
    text = stranger.config.read_text().replace('post_as = "sales_receipt"', 'post_as = "bill"')
    stranger.config.write_text(text)
    found = stranger.setup("--connection", "second")
    assert (found.code, stranger.config.read_text()) == (2, text)
    assert 'connections.main.sales.post_as is "bill".' in found.err


def test_what_cannot_be_kept_leaves_nothing(make_stranger):
    """The ledger is written last but one: what stood before it is taken back."""
    stranger = make_stranger(orders=2)
    found = stranger.setup("--set", "ledger.path=/proc/nothing/books.db")
    assert (found.code, stranger.files) == (2, set())
    assert "/proc/nothing" in found.err
