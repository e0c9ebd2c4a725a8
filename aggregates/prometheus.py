"""All metrics for Prometheus: needs the extra `prometheus`.

```python
from prometheus_client import REGISTRY
from aggregates import Store
from aggregates.prometheus import Collector

REGISTRY.register(Collector(Store("agent_workflow.db")))
```
"""

from __future__ import annotations

from aggregates.faces.prometheus.collector import Collector

__all__ = ["Collector"]
