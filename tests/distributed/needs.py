"""What these tests need, and what is said where it is not there."""

import os
import shutil

import pytest
from cluster import BINARY

MUST = os.environ.get("COMPONENTS") == "all" or os.environ.get("CI") == "true"


def missing() -> str:
    if not os.path.exists(BINARY):
        return "there is no build/telltale (make build), and TELLTALE_BINARY names no other"
    if "TELLTALE_KAFKA" not in os.environ or shutil.which("java") is None:
        return "Kafka is not here: tests/component/kafka.py fetch tells what is missing"
    if "TELLTALE_MINIO" not in os.environ:
        return "MinIO is not here: tests/component/minio.py fetch builds it"
    return ""


# With CI=true or COMPONENTS=all they are not skipped, and fail.
needs_components = pytest.mark.skipif(missing() != "" and not MUST, reason=missing() or "is there")
