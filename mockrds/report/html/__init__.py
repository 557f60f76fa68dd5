"""The report as one web page: the template, its style and its script, and what puts records into them."""
