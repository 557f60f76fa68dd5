"""The relational database service itself: its rules, its state and its data, without HTTP."""
