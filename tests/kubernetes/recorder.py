"""Records the watch stream of a namespace's workflows, an event a line, each workflow in a file of
its own, as tools/check_recordings.py reads them."""
import http.client
import json
import pathlib
import threading
from typing import Dict, List

from api import WORKFLOWS, Api, ApiError, Object

PAUSE_SECONDS = 0.2  # while the API server is away


class Recorder:
    def __init__(self, api: Api, namespace: str, folder: pathlib.Path) -> None:
        self.api, self.folder = api, folder
        self.path = WORKFLOWS.format(namespace)
        self.events: Dict[str, List[Object]] = {}  # by uid
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.version = api.get(self.path)["metadata"]["resourceVersion"]
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()

    def _watch(self) -> None:
        while not self.stopping.is_set():
            try:
                for event in self.api.watch(self.path, self.version):
                    self._take(event)
            except (OSError, http.client.HTTPException, ApiError, ValueError):
                self.stopping.wait(PAUSE_SECONDS)

    def _take(self, event: Object) -> None:
        metadata = event["object"].get("metadata", {})
        if "uid" not in metadata:
            return
        with self.changed:
            self.version = metadata["resourceVersion"]
            self.events.setdefault(metadata["uid"], []).append(event)
            self.changed.notify_all()

    def file(self, workflow: Object, seconds: float) -> pathlib.Path:
        """What was recorded of a workflow, up to the version that is given at least."""
        uid, version = (workflow["metadata"][key] for key in ("uid", "resourceVersion"))

        def came() -> bool:
            return any(event["object"]["metadata"]["resourceVersion"] == version
                       for event in self.events.get(uid, []))
        with self.changed:
            assert self.changed.wait_for(came, seconds), f"the watch never told {version}"
            events = list(self.events[uid])
        path = self.folder / f"{workflow['metadata']['name']}-{uid}.jsonl"
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        return path
