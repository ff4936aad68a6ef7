"""``%autoawait curio``."""

from everloop.runners.runner import Runner


class CurioRunner(Runner):
    name = "curio"
