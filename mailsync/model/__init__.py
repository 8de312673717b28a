"""The words of mailsync as frozen values; imports nothing but the standard library."""
