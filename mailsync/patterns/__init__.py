"""What the log shows of a client's habits, and of ours by the same rules; pure."""
