"""An app made with Authlib, driven by a test: one scenario a run.

The first line on standard input is JSON with what the scenario needs. `open URL` on standard output asks the test to walk
a person through that address; the next line on standard input is the address at which she left the server. It ends with
0, or with a traceback.
"""

import base64
import json
import secrets
import sys
import time

from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

REDIRECT = "http://127.0.0.1/callback"


def walked(url):
    print("open", url, flush=True)
    return sys.stdin.readline().strip()


def discovered(client, given):
    answer = client.request("GET", given["url"] + "/.well-known/oauth-authorization-server", withhold_token=True)
    answer.raise_for_status()
    found = answer.json()
    assert found["issuer"] == given["url"], found
    return found


def signed_in(client, server, given):
    """Signs the person in with code and PKCE; the tokens."""
    verifier = secrets.token_urlsafe(48)
    url, state = client.create_authorization_url(
        server["authorization_endpoint"],
        code_verifier=verifier,
        authorization_details=json.dumps(given["details"]),
        nonce="n-1",
    )
    back = walked(url)
    return client.fetch_token(
        server["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
    )


def app(given, **more):
    return OAuth2Client(
        client_id=given["client_id"],
        redirect_uri=REDIRECT,
        scope="openid profile offline_access",
        code_challenge_method="S256",
        **more,
    )


def claims_of(token):
    body = token["id_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def used(client, server, given, token):
    """Reads as the person, refreshes, reads again, revokes."""
    assert claims_of(token)["iss"] == given["url"]
    assert client.get(server["userinfo_endpoint"]).json()["sub"] == claims_of(token)["sub"]
    assert client.get(given["url"] + "/v1/conversations").status_code == 200
    fresh = client.refresh_token(server["token_endpoint"], refresh_token=token["refresh_token"])
    assert fresh["access_token"] != token["access_token"]
    assert client.get(given["url"] + "/v1/me").status_code == 200
    if "introspection_endpoint" in server and given.get("introspects"):
        seen = client.introspect_token(server["introspection_endpoint"], token=fresh["access_token"]).json()
        assert seen["active"] is True and seen["client_id"] == given["client_id"], seen
    refresh = fresh.get("refresh_token", token["refresh_token"])
    assert client.revoke_token(server["revocation_endpoint"], token=refresh).status_code == 200
    assert client.get(given["url"] + "/v1/me").status_code == 401


def public(given):
    client = app(given, token_endpoint_auth_method="none")
    server = discovered(client, given)
    used(client, server, given, signed_in(client, server, given))


def secret(given):
    client = app(given, client_secret=given["client_secret"], token_endpoint_auth_method="client_secret_basic")
    server = discovered(client, given)
    used(client, server, given, signed_in(client, server, given))


class Proof(PrivateKeyJWT):
    """By itself Authlib names the token endpoint and an hour, which FAPI 2.0 and our limit of five minutes refuse; and it
    keeps the claims that it is given, number and all, for the next assertion."""

    def __init__(self, issuer):
        super().__init__(headers={"kid": "one"}, alg="ES256")
        self.issuer = issuer

    def sign(self, auth, token_endpoint):
        self.claims = {"aud": self.issuer, "exp": int(time.time()) + 120}
        return super().sign(auth, token_endpoint)


def private_key(given):
    proof = Proof(given["url"])
    key = ECKey.import_key(given["key"])  # a key that is given as text is taken for RSA
    client = app(given, client_secret=key, token_endpoint_auth_method=proof, revocation_endpoint_auth_method=proof)
    server = discovered(client, given)
    used(client, server, given, signed_in(client, server, given))


if __name__ == "__main__":
    globals()[sys.argv[1]](json.loads(sys.stdin.readline()))
