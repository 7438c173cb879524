"""Access control, rate limits and security headers of the page."""
