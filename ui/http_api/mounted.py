"""The API on the server of the page, over the collections that the page offers."""

from __future__ import annotations

from collections.abc import Container

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.service.operations import Operations

from ..security.limits import Limits
from ..security.session import ACCOUNT
from ..services.collections import Collections
from .app import build_app


def collections_app(collections: Collections, limits: Limits) -> FastAPI:
    """The API of some collections, as the account that asks may see them; a key sees those of no account.

    Each collection has one assistant, and computes the questions of the API together with those of the page.

    Args:
        collections: The collections; the default one is the first.
        limits: Questions computed and waiting at the same time.
    """

    def find(request: Request, collection: str | None) -> Operations | None:
        account = request.scope.get(ACCOUNT)
        seen = collections.with_accounts(lambda: account) if collections.has_accounts else collections
        found = seen.find(collection) if collection is not None else next(iter(seen.list()), None)
        return Operations(lambda: seen.assistant(found.id)) if found else None

    return build_app(find, limits)


def paths_of(app: FastAPI) -> frozenset[str]:
    """The paths of an application's routes."""
    return frozenset(path for route in app.routes if (path := getattr(route, "path", None)))


class ApiMiddleware:
    """Pass requests for the API on to it, and all others to the page.

    Args:
        app: The page.
        api: The API.
        paths: Paths of the API.
    """

    def __init__(self, app: ASGIApp, *, api: ASGIApp, paths: Container[str]) -> None:
        self.app, self._api, self._paths = app, api, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        is_api = scope["type"] == "http" and scope["path"] in self._paths
        await (self._api if is_api else self.app)(scope, receive, send)
