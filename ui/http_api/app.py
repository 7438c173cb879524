"""The routes."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

from anyio import to_thread
from anyio.from_thread import check_cancelled
from fastapi import Body, FastAPI, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from rag import IndexFolderError, InputError, RagError
from rag.index.milvus import public_text
from rag.service.models import DocumentsModel, EvidenceModel, ResultModel, SearchModel, TableModel
from rag.service.operations import Operations

from ..security.checks import RequestRefused
from ..security.limits import Limits
from .bodies import AskRequest, ErrorModel, EvidenceRequest, HealthModel, SearchRequest, TableRequest
from .dify import RETRIEVAL, UNKNOWN_KNOWLEDGE, DifyError, RetrievalRequest, RetrievalResponse, error_body, where_of
from .dify import records as dify_records
from .turns import Turns

#: The operations on the collection that a request names, or on the one that the server was started with if it names
#: none. None if there is no such collection, or whoever asks may not see it.
FindOperations = Callable[[Request, str | None], Operations | None]

#: Status of a request whose client went away; nobody sees it.
CLIENT_GONE = 499


class _UnknownCollection(InputError):
    """There is no such collection."""


def _errors(**models: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Responses for the description: the statuses of every route, and those of one."""
    statuses = {
        "401": "No API key, or an unknown one",
        "404": "No such knowledge",
        "411": "No Content-Length",
        "413": "Request too large",
        "421": "Addressed to another host",
        "422": "Invalid input",
        "429": "Too many requests; Retry-After says when to try again",
        "503": "The index cannot be opened, or too many questions wait",
    }
    return {
        int(status): {"model": models.get(f"for_{status}", ErrorModel), "description": text}
        for status, text in statuses.items()
        if status != "404" or "for_404" in models
    }


def build_app(find: FindOperations, limits: Limits) -> FastAPI:
    """The application, without the checks of ``ApiGuard``.

    Args:
        find: Finds what the routes call.
        limits: Questions computed and waiting at the same time.
    """
    turns = Turns(limits)
    app = FastAPI(
        title="rag",
        version=version("rag"),
        description="Ask documents; get the exact words that answer. Offsets count Unicode code points.",
        # Their scripts and styles come from other servers.
        docs_url=None,
        redoc_url=None,
    )
    _handle_errors(app)
    secured = [Security(HTTPBearer(auto_error=False, description="An API key; not needed if the server has none"))]

    async def turn(request: Request, collection: str | None, call: Callable[[Operations], Any]) -> Any:
        found = await turns.take(request, lambda: call(_found(find, request, collection)))
        return Response(status_code=CLIENT_GONE) if found is None else found

    @app.post("/api/ask", response_model=ResultModel, dependencies=secured, responses=_errors())
    async def ask(request: Request, body: Annotated[AskRequest, Body()]) -> Any:
        """Answer a question with the exact words of a document, or say why it is not answered."""
        return await turn(
            request,
            body.collection,
            lambda operations: operations.ask(
                body.question, body.where, body.min_confidence, body.max_tokens, checkpoint=check_cancelled
            ),
        )

    @app.post("/api/table", response_model=TableModel, dependencies=secured, responses=_errors())
    async def table(request: Request, body: Annotated[TableRequest, Body()]) -> Any:
        """Ask the same questions of several documents, each on its own, and quote the exact words of each."""
        return await turn(
            request,
            body.collection,
            lambda operations: operations.table(
                body.questions, body.where, body.min_confidence, body.offset, body.limit, checkpoint=check_cancelled
            ),
        )

    @app.post("/api/search", response_model=SearchModel, dependencies=secured, responses=_errors())
    async def search(request: Request, body: Annotated[SearchRequest, Body()]) -> Any:
        """Find the passages most likely to answer a question, best first."""
        return await turn(
            request,
            body.collection,
            lambda operations: operations.search(body.question, body.k, body.max_tokens, body.where),
        )

    @app.post("/api/evidence", response_model=EvidenceModel, dependencies=secured, responses=_errors())
    async def evidence(request: Request, body: Annotated[EvidenceRequest, Body()]) -> Any:
        """Quote the sentences that bear on a question, each with the probability that it does."""
        return await turn(
            request,
            body.collection,
            lambda operations: operations.evidence(
                body.question, body.where, body.min_confidence, body.max_tokens, checkpoint=check_cancelled
            ),
        )

    @app.get("/api/documents", response_model=DocumentsModel, dependencies=secured, responses=_errors())
    async def documents(
        request: Request,
        offset: Annotated[int, Query(ge=0, description="Number of documents to skip")] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000, description="Maximum number of documents")] = 100,
        collection: Annotated[str | None, Query(description="As in a question")] = None,
    ) -> Any:
        """List the documents of the index."""
        return await turn(request, collection, lambda operations: operations.documents(offset, limit))

    @app.get("/api/health", response_model=HealthModel, responses={503: {"model": ErrorModel}})
    async def health(request: Request) -> Any:
        """Whether the index is open; 503 if it cannot be opened."""
        try:
            # Not one of the turns: it answers while all are taken.
            await to_thread.run_sync(lambda: _found(find, request, None).check())
        except RagError:
            # Anyone may ask, so the reason, which names folders, is left out.
            raise RequestRefused(503, "the index cannot be opened; run rag verify") from None
        return {"status": "ok", "version": version("rag")}

    @app.post(
        RETRIEVAL,
        response_model=RetrievalResponse,
        dependencies=secured,
        responses=_errors(for_401=DifyError, for_404=DifyError),
    )
    async def retrieval(request: Request, body: Annotated[RetrievalRequest, Body()]) -> Any:
        """Find passages for Dify, as its External Knowledge API asks for them."""
        setting, where = body.retrieval_setting, where_of(body.metadata_condition)
        try:
            return await turn(
                request,
                body.knowledge_id,
                lambda operations: dify_records(
                    operations.search(body.query, setting.top_k, None, where)["hits"], setting.score_threshold
                ),
            )
        except _UnknownCollection:
            return JSONResponse(error_body(UNKNOWN_KNOWLEDGE, "the knowledge does not exist"), status_code=404)

    return app


def _found(find: FindOperations, request: Request, collection: str | None) -> Operations:
    found = find(request, collection)
    if found is None:
        raise _UnknownCollection(f"collection {str(collection)[:80]!r}: not found; choose another one")
    return found


def _handle_errors(app: FastAPI) -> None:
    """Every error is an object with one line."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [f"{'.'.join(str(part) for part in each['loc'][1:3])}: {each['msg']}" for each in error.errors()]
        return JSONResponse({"detail": "; ".join(dict.fromkeys(faults))}, status_code=422)

    @app.exception_handler(RagError)
    async def refused(_: Request, error: RagError) -> Response:
        status = 503 if isinstance(error, IndexFolderError) else 422
        return JSONResponse({"detail": public_text(error)}, status_code=status)

    @app.exception_handler(RequestRefused)
    async def busy(_: Request, error: RequestRefused) -> Response:
        return error.response()
