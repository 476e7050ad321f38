"""Sign-in with an OpenID provider, such as the Digital Authentication App."""
