"""From registrations to leaves of the tree: what `api.depositor` is made of."""
