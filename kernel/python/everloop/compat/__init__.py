"""Libraries that expect another interpreter or another shell, and what they need from this one."""
