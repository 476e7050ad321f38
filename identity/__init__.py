"""Who somebody is: identity cards, other credentials, and the roll they are matched with. Knows no chain."""
