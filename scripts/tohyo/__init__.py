"""The `tohyo` command: thin subcommands over the layers below; no rule of an election lives here."""
