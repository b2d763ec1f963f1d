"""Importing this before Gradio leaves out two things that Gradio does and a server does not need.

Gradio 6 writes a `.pyi` file for each of its components whenever it is imported (`gradio.component_meta.create_or_modify_pyi`): a good
third of its import. And for its first event it asks which backend matplotlib has chosen, which imports all of pyplot (0.4 s) unless
MPLBACKEND is set.
"""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

WRITES_STUBS = "gradio.component_meta"


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.__dict__["create_or_modify_pyi"] = lambda *component: None


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == WRITES_STUBS else None
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder())
os.environ.setdefault("MPLBACKEND", "agg")
