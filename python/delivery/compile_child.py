"""Compiles a pipeline in the project's own environment to a file as KFP takes it, and says what it
is: JSON on the last line of standard output; or ends with 2 and a sentence on standard error.
"""

import json
import sys
from typing import List, Optional


def main(file: str, pipeline: Optional[str], parameters: List[str], output: str) -> int:
    import yaml

    from local_target import kfp_adapter, pipeline_file
    from local_target.errors import UsageError

    try:
        compiled = pipeline_file.load(file, pipeline)
        values = pipeline_file.arguments(compiled, parameters)
        kfp_adapter.check_version()
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    with open(output, "w", encoding="utf-8") as opened:
        yaml.safe_dump_all(compiled.documents, opened, sort_keys=False)
    shown = pipeline_file.with_defaults(compiled, values)
    tasks = len(compiled.spec["root"].get("dag", {}).get("tasks", {}))
    told = {"name": compiled.name, "parameters": shown, "values": values, "tasks": tasks}
    print(json.dumps(told, default=str))
    return 0
