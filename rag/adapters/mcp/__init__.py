"""The Model Context Protocol: documents for agents, with quotes that can be checked."""
