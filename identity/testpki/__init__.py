"""A test PKI that mimics the JPKI: authorities, cards, a responder. Never trusted in production."""
