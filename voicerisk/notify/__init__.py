"""Notifications out: to people's mail, phones and channels, and to other systems, each on a lane of its own."""
