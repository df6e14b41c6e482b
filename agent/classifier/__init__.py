"""The packaged fault classifier: trained on the twin, judged on other machines, joined with the rules."""
