"""What makes the docs from the code: ``python -m docs`` writes them."""
