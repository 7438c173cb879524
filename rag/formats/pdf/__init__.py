"""PDF: text with its layout, word boxes and page images."""
