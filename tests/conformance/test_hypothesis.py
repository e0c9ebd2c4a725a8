"""The differential test with Hypothesis, which makes what fails as short as it can."""

import os
from contextlib import closing
from itertools import islice
from random import Random

from conftest import MakeDatabase, connect
from following import check
from hooks import VARIANTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statements import Plan, Statements

EXAMPLES = max(80, int(os.environ.get("AGGREGATES_FUZZ_STATEMENTS", "0")) // 40)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    random=st.randoms(use_true_random=False),
    variant=st.sampled_from(sorted(VARIANTS)),
    recursive_triggers=st.booleans(),
    foreign_keys=st.booleans(),
    length=st.integers(1, 40),
)
def test_any_sequence_of_statements_keeps_everything_exact(
    migrated_database: MakeDatabase,
    random: Random,
    variant: str,
    recursive_triggers: bool,
    foreign_keys: bool,
    length: int,
) -> None:
    plan = Plan(variant, recursive_triggers, foreign_keys, length)
    with migrated_database(variant) as path, closing(connect(path)) as connection:
        plan.prepare(connection)
        check(connection, list(islice(Statements(random, variant), length)))
