"""The twin: a fleet of servers in numbers, for tests, priors and demonstrations; arrays in, arrays out."""
