"""Sign-in with an OpenID provider, such as the Digital Authentication App (デジタル認証アプリ).

Trusts the provider to know who signs in: it reads the card, not us. See docs/adr/0018-oidc-binding.md.
"""
