"""Everything that touches the network or mail files."""
