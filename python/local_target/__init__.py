"""The local target: runs a Kubeflow pipeline on this machine and tells Telltale what happens.

`python -m local_target run pipeline.py` compiles with the kfp SDK and executes with kfp.local.
"""
