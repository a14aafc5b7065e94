"""An example of each of PennyLane's operators.

An example is a function of the place where it is put: wires, and a seeded generator.
"""

from tests.operators.gates import GATES, symbolic
from tests.operators.place import Example
from tests.operators.templates import (
    algorithms,
    arithmetic,
    chemistry,
    embeddings_and_layers,
    states,
)
from tests.operators.variants import variants

EXAMPLES: dict[str, Example] = {
    **GATES,
    **symbolic(),
    **states(),
    **embeddings_and_layers(),
    **chemistry(),
    **arithmetic(),
    **algorithms(),
}


# Other uses of the same operators: special sizes, sparse data, roots.
VARIANTS = variants()


# Examples that change nothing, whatever comes before and after them.
IDLE = frozenset(
    {
        *("Identity", "GlobalPhase", "Barrier", "Snapshot", "WireCut"),
        *("wireless identity", "wireless phase", "zeroth power", "controlled identity"),
        *("zero-dimensional phase", "only identities rotated"),
    }
)
