"""Registration: from the voter roll to a permit to deposit. Knows no ballot."""
