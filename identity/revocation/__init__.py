"""Whether a certificate was revoked: OCSP, revocation lists, and what to do when nobody answers."""
