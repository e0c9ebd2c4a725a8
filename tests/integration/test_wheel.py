"""The wheel carries the migrations, and works without the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_migrations_work_from_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*build, "-w", str(tmp_path), str(ROOT)], check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(installed)
    frozen = {
        f"aggregates/migrations/{path.relative_to(ROOT / 'migrations')}"
        for path in (ROOT / "migrations").rglob("*")
        if path.suffix in (".py", ".sql", ".mako")
    }
    assert frozen <= names
    assert "aggregates/py.typed" in names
    mappings = {path.name for path in (ROOT / "aggregates" / "model" / "mappings").iterdir()}
    assert {f"aggregates/model/mappings/{name}" for name in mappings} <= names
    assert not [name for name in names if name.startswith(("tests", "docs"))]
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from aggregates import Store\n"
        "from aggregates.frozen import statements\n"
        "from aggregates.installing import upgrading\n"
        "assert str(statements.migrations_folder()).startswith(sys.argv[1])\n"
        "upgrading.upgrade(sys.argv[2])\n"
        "from aggregates.faces.page import page\n"
        "with Store(sys.argv[2]) as store:\n    print(store.status().ok, len(page(store)) > 9000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(installed), str(tmp_path / "a.db")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")
