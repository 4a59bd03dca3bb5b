"""Serve the pages."""

import click

from duly.interfaces.cli import show
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, Door, command


@command("serve", example="duly serve --port 8000")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True,
              help="The address to listen on; DULY_HOSTS names the hosts that browsers may ask for.")
def serve(door: Door, port: int, host: str) -> Answer:
    """Serve the pages and run the jobs, until Ctrl-C or SIGTERM. The embedded database is up as long as this runs."""
    served = run(door, host, port, [])
    return Answer({"exit_code": served}, [f"The server ended by itself with exit code {served}."] if served else [],
                  FINDINGS if served else DONE)


def run(door: Door, host: str, port: int, said: list[str]) -> int:
    """Serve; once the address answers print it, and then what else is to be `said`."""
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0") else host

    def ready() -> None:
        show.answer({"address": f"http://{shown}:{port}/"}, [f"Duly is at http://{shown}:{port}/", *said,
                                                            "Ctrl-C ends it."], as_json=door.json)

    return door.wiring.serve(host=host, port=port, ready=ready)
