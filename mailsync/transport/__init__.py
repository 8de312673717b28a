"""Everything that touches the network or mail files.

Read `net` (how a connection begins), `connection` (one IMAP session that cannot hang), `folders` and `imap` (reading),
`mime` (a letter as bytes), `drafts` and `smtp` (where it goes), `files` and `mbox` (old mail), `lock` (one worker).
"""
