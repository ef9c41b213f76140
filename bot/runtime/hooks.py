"""A hook: who calls it and who is called can be made in any order."""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Hook(Generic[P]):
    """Calls every function that was added, in that order."""

    def __init__(self) -> None:
        self._functions: list[Callable[P, object]] = []

    def add(self, *functions: Callable[P, object]) -> None:
        """Call these functions as well from now on."""
        self._functions += functions

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for function in self._functions:
            function(*args, **kwargs)
