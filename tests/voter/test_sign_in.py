"""A sign-in in the voter's browser: the answer is taken here, and only the one that was asked for."""

import json
import socket
import threading
from urllib.parse import urlencode

import httpx
import pytest

from api.database.engine import open_database
from identity.challenge import signed_message
from identity.oidc.binding import nonce_of
from tests.support.meddler import meddling
from tests.support.registrar_service import VOTERS, open_service, service_chain, service_pki
from voter.errors import SignInFailedError
from voter.registration import RegistrationClient
from voter.sign_in import sign_in

ISSUER, STATE = "https://idp.example.jp", "the-state"
COMMITMENT = 7


@pytest.fixture(scope="module")
def between(tmp_path_factory):
    """A real service whose answer about sign-ins is the test's."""
    folder = tmp_path_factory.mktemp("service")
    database = open_database(f"sqlite:///{folder}/registrar.sqlite")
    with service_chain() as chain, service_pki(folder / "pki") as pki:
        client = chain.deploy()
        with open_service(database, client, pki, VOTERS) as service, meddling(service.address) as meddler:
            meddler.chain = client
            yield meddler
    database.close()


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def offer(between, redirect, address="https://idp.example.jp/authorize", **lies):
    """Let the service say where to sign in; the result has what it said."""
    said = []

    def answer(path, truth):
        if path != "/v1/oidc/authorizations":
            return truth
        asked = json.loads(between.bodies(path)[-1])
        nonce = nonce_of(signed_message(asked["challenge"], int(asked["commitment"])))
        url = f"{address}?{urlencode({'redirect_uri': redirect, 'state': STATE, 'nonce': nonce} | lies)}"
        said.append(url)
        return 201, {}, json.dumps({"url": url, "state": STATE}).encode()

    between.meddle = answer
    return said


def credential(between, show=lambda _url: None, ask=lambda: "", patience=20.0):
    with RegistrationClient(between.url, between.chain) as client:
        make = sign_in(client, ISSUER, show, ask, patience)
        return make(client.challenge(), COMMITMENT)


def browser(*addresses):
    """Return a `show` that visits these addresses as a browser would, one after another."""

    def visit():
        for address in addresses:
            httpx.get(address)

    return lambda _url: threading.Thread(target=visit, daemon=True).start()


def answered(**members):
    return urlencode({"code": "the-code", "state": STATE, "iss": ISSUER} | members)


def test_the_browsers_answer_is_taken_on_this_machine(between, port):
    back = f"http://127.0.0.1:{port}/back"
    shown = []
    said = offer(between, back)
    go = browser(f"http://127.0.0.1:{port}/favicon.ico", f"{back}?{answered()}")
    found = credential(between, lambda address: (shown.append(address), go(address)))
    assert found == {"kind": "oidc", "state": STATE, "code": "the-code", "issuer": ISSUER}
    assert shown == said
    asked = json.loads(between.bodies("/v1/oidc/authorizations")[-1])
    assert (asked["commitment"], asked["issuer"]) == (str(COMMITMENT), ISSUER)


def test_an_address_elsewhere_is_copied_by_the_voter(between):
    offer(between, "https://registrar.example.jp/back")
    pasted = f" https://registrar.example.jp/back?{answered()}\n"
    assert credential(between, ask=lambda: pasted)["code"] == "the-code"


@pytest.mark.parametrize(
    "members",
    [{"state": "another"}, {"iss": "https://elsewhere.example"}, {"code": ""}, {"error": "access_denied"}],
)
def test_an_answer_to_something_else_is_refused(between, members):
    offer(between, "https://registrar.example.jp/back")
    with pytest.raises(SignInFailedError):
        credential(between, ask=lambda: f"https://registrar.example.jp/back?{answered(**members)}")


def test_an_error_of_the_provider_commands_no_terminal(between):
    offer(between, "https://registrar.example.jp/back")
    with pytest.raises(SignInFailedError) as caught:
        credential(between, ask=lambda: "https://x.example/?error=%1b%5b31mno")
    assert "\x1b" not in str(caught.value)


def test_nobody_is_sent_to_an_address_without_encryption(between):
    offer(between, "https://registrar.example.jp/back", address="http://idp.example.jp/authorize")
    with pytest.raises(SignInFailedError, match="cannot be used"):
        credential(between, ask=lambda: f"https://registrar.example.jp/back?{answered()}")


@pytest.mark.parametrize("lie", [{"nonce": nonce_of(b"another commitment")}, {"state": "another"}])
def test_nobody_signs_in_for_another_commitment(between, lie):
    offer(between, "https://registrar.example.jp/back", **lie)
    shown = []
    with pytest.raises(SignInFailedError, match="not for your commitment"):
        credential(between, shown.append, lambda: f"https://registrar.example.jp/back?{answered()}")
    assert shown == []


def test_a_connection_without_a_request_and_a_strangers_answer_are_no_obstacle(between, port):
    back = f"http://127.0.0.1:{port}/back"
    offer(between, back)
    with socket.socket() as silent:

        def show(url):
            silent.connect(("127.0.0.1", port))  # as browsers do before they know what to ask
            browser(f"{back}?{answered(state='another')}", f"{back}?{answered()}")(url)

        assert credential(between, show)["code"] == "the-code"


def test_waiting_for_the_browser_ends(between, port):
    offer(between, f"http://127.0.0.1:{port}/back")
    with pytest.raises(SignInFailedError, match="in time"):
        credential(between, patience=0.1)


def test_a_port_that_is_taken_is_told(between):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        offer(between, f"http://127.0.0.1:{taken.getsockname()[1]}/back")
        with pytest.raises(SignInFailedError, match="Nothing can listen"):
            credential(between)
