"""What happened in a project or a test run, as one record each, and the forms in which people and machines read it."""
