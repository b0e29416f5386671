"""What a developer types: `telltale init`, `push`, `runs`, `watch`, `logs`, `cancel`, `retry`,
`rollback`. They ask a server over HTTP, as any client may.
"""
