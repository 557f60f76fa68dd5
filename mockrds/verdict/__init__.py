"""What the server knows about its clients, from the journal alone: how they retried, waited, polled and cleaned up."""
