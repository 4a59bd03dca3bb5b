"""Drawing documents into a folder, by several processes when there are many."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from duly.engine.document import Document
from duly.formats.typeset import render
from duly.interfaces.kit.drawing import file_name

WORTH_PROCESSES: Final = 8
"""From how many documents on it pays to start processes: each takes as long to start as a few to draw."""
CHUNK: Final = 4


def draw(named: Iterable[tuple[str, Document]], folder: Path, drawn: Callable[[int], None]) -> list[Path]:
    """Write each document as NAME.pdf into the folder, which is made; `drawn` is told of each. Answers the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = ((str(folder / f"{file_name(name)}.pdf"), document) for name, document in named)
    first = list(islice(tasks, WORTH_PROCESSES))
    paths = []
    with _mapper(len(first) == WORTH_PROCESSES) as mapped:
        for batch in (first, tasks):
            for path in mapped(_draw_one, batch):
                paths.append(Path(path))
                drawn(1)
    return paths


def _draw_one(task: tuple[str, Document]) -> str:
    """Draw a document whole or not at all: what stands under the name is never half a file."""
    path, document = task
    partial = f"{path}.{os.getpid()}.part"
    Path(partial).write_bytes(render(document))
    os.replace(partial, path)
    return path


Mapped = Callable[[Callable[[tuple[str, Document]], str], Iterable[tuple[str, Document]]], Iterator[str]]


@contextmanager
def _mapper(many: bool) -> Iterator[Mapped]:
    """`map`, in this process or over one per core."""
    processes = len(os.sched_getaffinity(0))
    if not many or processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield lambda function, tasks: pool.map(function, tasks, chunksize=CHUNK)
