"""What every view shows, made from scratch of what the probes say: the specification as code.

Read `ends` for who is at the two ends of a connection, `topologies` for where things belong, `options` for what readers
leave out, `picture` for what they see in the end.
"""
