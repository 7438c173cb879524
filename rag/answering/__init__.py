"""What was read becomes a judged result: candidates, evidence, and what answers the question."""
