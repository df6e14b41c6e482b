"""What the agent can do on this machine, measured beside a yardstick where there is one."""
