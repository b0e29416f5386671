"""Deliveries: what a push sets off. A delivery is a run whose tasks are its stages: receive,
package, test, deploy, run. It goes on when the server, or the terminal that pushed, is gone.
"""
