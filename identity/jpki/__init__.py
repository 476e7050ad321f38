"""The certificates of the Japanese Public Key Infrastructure (JPKI) on My Number cards."""
