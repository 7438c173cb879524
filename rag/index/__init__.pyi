# See rag/__init__.pyi.
from .build import build_index
from .changes import Changes, Skipped
from .embedder import embedder_of
from .index import Index, Report
from .manifest import Manifest
from .merge import merge_shards
from .prepare import Workers
from .progress import Pace
from .ray_workers import RayWorkers
from .shard import Shard
from .verify import Verification, repair, verify
from .versions import current_version, has_index

__all__ = [
    "Changes",
    "Index",
    "Manifest",
    "Pace",
    "RayWorkers",
    "Report",
    "Shard",
    "Skipped",
    "Verification",
    "Workers",
    "build_index",
    "current_version",
    "embedder_of",
    "has_index",
    "merge_shards",
    "repair",
    "verify",
]
