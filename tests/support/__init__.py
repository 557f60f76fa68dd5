"""What several tests use: clients, scripted stories, and processes that run real SDKs."""
