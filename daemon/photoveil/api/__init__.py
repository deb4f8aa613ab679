"""The daemon's door on 127.0.0.1: guard, pairing, sessions and verbs, as docs/protocol.md tells."""
