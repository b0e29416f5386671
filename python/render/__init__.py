"""Draws visualizations: one forked process a job, in namespaces of its own.

`python -m render.server` is the drop-in for Kubeflow's visualization server, `python -m
render.worker` takes jobs from a Telltale server. Both have one pool (pool.py), whose parent
(fork_parent.py) has the libraries imported and forks a process for each job (job_process.py).
"""
