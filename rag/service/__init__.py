"""What programs may ask of an index: the operations behind the MCP server and the HTTP API."""
