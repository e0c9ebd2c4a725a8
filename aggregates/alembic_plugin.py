"""What an application's `env.py` imports, so that its autogenerate knows the aggregates.

```python
from alembic import context
from aggregates import alembic_plugin

context.configure(..., aggregates=alembic_plugin.declared())
```

Importing it is enough for Alembic to leave our tables alone, and to know the operations that its
revisions hold.
"""

from __future__ import annotations

from pathlib import Path

from aggregates.configuration import configuration
from aggregates.errors import AggregatesError
from aggregates.installing.autogenerate import Declared

__all__ = ["declared"]


def declared(folder: Path | None = None) -> Declared:
    """What the module declares that `aggregates.toml` of a folder names, or `pyproject.toml`.

    Raises AggregatesError where neither names one, or it declares nothing.
    """
    found = configuration(folder)
    if found is None:
        raise AggregatesError(
            "neither aggregates.toml nor [tool.aggregates] in pyproject.toml names `definitions`"
            " and `label`"
        )
    return Declared(found.label, found.declared())
