"""Buy the app-only bearer token, or sign for a user: what proves who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from requests.auth import HTTPBasicAuth

from tap_twitter_stream.api.redact import hide
from tap_twitter_stream.errors import ApiRefusedError

if TYPE_CHECKING:
    from requests.auth import AuthBase

    from tap_twitter_stream.api.call import Caller
    from tap_twitter_stream.settings.values import Auth

# The path without /2: the other one issues user tokens.
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - an address


def fetch_bearer_token(caller: Caller, consumer_key: str, consumer_secret: str) -> str:
    """Return the app's bearer token. X gives the same one each time until it is revoked.

    Raises:
        ApiRefusedError: X does not take the pair, or answers without a bearer token.
        ApiUnavailableError: X could not be reached.
    """
    try:
        answer = caller.json(
            "POST",
            TOKEN_PATH,
            data="grant_type=client_credentials",
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
            auth=HTTPBasicAuth(quote(consumer_key, safe=""), quote(consumer_secret, safe="")),
        )
    except ApiRefusedError as error:
        message = (
            f"X gives no bearer token for this `consumer_key` and `consumer_secret`"
            f" (HTTP {error.status}: {error.detail or 'no explanation'}): copy both again from the"
            " app's page in X's developer console."
        )
        raise ApiRefusedError(
            message, status=error.status, slug=error.slug, detail=error.detail
        ) from error
    token = answer.get("access_token")
    if str(answer.get("token_type")).lower() != "bearer" or not isinstance(token, str):
        message = "X's answer holds no bearer token: check `api_url`, or set `bearer_token`."
        raise ApiRefusedError(message)
    hide(token)
    return token


def user_signer(auth: Auth) -> AuthBase:
    """Return what signs each request anew (OAuth 1.0a): a nonce and a time serve once only."""
    # Loaded by those alone who need it: it takes as long as the rest of the receiver.
    from requests_oauthlib import OAuth1  # noqa: PLC0415

    signer: AuthBase = OAuth1(
        auth.consumer_key, auth.consumer_secret, auth.access_token, auth.access_token_secret
    )
    return signer
