"""The cloud's APIs: what each operation reads, does and answers. Wire forms only; knows no socket."""
