"""Which sensors can be believed: what cannot is masked, told in an alert, and teaches nothing."""
