"""The server: the tools, and the documents as resources."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any
from urllib.parse import quote, unquote

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.types import Resource, ResourceTemplate, ToolAnnotations
from pydantic import ValidationError

from ...errors import InputError
from ...service.operations import Operations
from .sdk import ResourceNotFoundError, SdkServer, ToolError, lowlevel
from .tools import Tools

INSTRUCTIONS = """\
Answers questions from a fixed set of documents with exact quotes and honest probabilities; it generates no text.
Use ask for a question with a short answer, search for background, evidence for sentences to quote, read for context.
Quote only what verify_quote confirms. Offsets count Unicode code points of a document's text.
"""

#: Resources are addressed by this prefix and the document's id, percent-encoded.
PREFIX = "rag://documents/"

#: Documents listed as resources; the others can be read all the same.
MAX_LISTED = 1_000

READ_ONLY = ToolAnnotations.model_validate(
    {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
)


class DocumentServer(SdkServer):  # type: ignore[misc]  # its name depends on the version of the SDK
    """Tools and resources over one index.

    Resources are listed anew for every request, as the index may be rebuilt.

    Args:
        operations: What tools and resources call.
    """

    def __init__(self, operations: Operations) -> None:
        # An error of a call is the client's to read; only what is wrong with the server is logged.
        super().__init__("rag", instructions=INSTRUCTIONS, log_level="ERROR")
        lowlevel(self).version = version("rag")
        self._operations, self._tools = operations, Tools(operations)
        for tool in self._tools.all():
            self.add_tool(tool, description=inspect.getdoc(tool), annotations=READ_ONLY)

    async def call_tool(self, name: str, arguments: dict[str, Any], *context: Any) -> Any:
        """Call a tool.

        Raises:
            ToolError: The arguments are invalid, or the tool refuses them; the message is one line.
        """
        try:
            return await super().call_tool(name, arguments, *context)
        except ToolError as error:
            raise ToolError(_one_line(error)) from None

    async def list_resources(self) -> list[Resource]:
        """The first documents of the index."""
        found = await self._tools.in_thread(lambda: self._operations.documents(limit=MAX_LISTED))
        return [
            Resource.model_validate(
                {
                    "uri": uri_of(each["document"]),
                    "name": each["document"],
                    "title": each["title"],
                    "mimeType": "text/plain",
                }
            )
            for each in found["documents"]
        ]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """How any document is addressed."""
        described = {
            "uriTemplate": f"{PREFIX}{{+document}}",
            "name": "document",
            "description": "The whole text of a document; document is its id, percent-encoded",
            "mimeType": "text/plain",
        }
        return [ResourceTemplate.model_validate(described)]

    async def read_resource(self, uri: Any, *context: Any) -> list[ReadResourceContents]:
        """The text of a document.

        Raises:
            ResourceNotFoundError: The URI names no document of the index.
        """
        address = str(uri)
        try:
            if not address.startswith(PREFIX):
                raise InputError(f"no resource {address!r}; documents have addresses that begin with {PREFIX}")
            document = await self._tools.in_thread(
                lambda: self._operations.document(unquote(address.removeprefix(PREFIX)))
            )
        except (InputError, ToolError) as error:
            raise ResourceNotFoundError(str(error)) from error
        return [ReadResourceContents(content=document.text, mime_type="text/plain")]


def uri_of(document: str) -> str:
    """The address of a document as a resource."""
    return PREFIX + quote(document, safe="/")


def _one_line(error: Exception) -> str:
    """What was wrong with a call: the arguments, or what the tool said of them."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        faults = [
            f"{'.'.join(str(part) for part in fault['loc'][:1]) or 'arguments'}: {fault['msg']}"
            for fault in cause.errors(include_url=False, include_input=False)
        ]
        return "; ".join(dict.fromkeys(faults))
    return " ".join(str(cause if isinstance(cause, ToolError) else error).split())
