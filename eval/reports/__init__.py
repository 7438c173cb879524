"""Results as tables, plots and an HTML report."""
