"""The election office: officers, reviews, contests, credentials for people without a card."""
