"""The schema holds the world, and the application's role owns nothing in it."""

from duly.billing import models as m
from duly.billing.kernel import frames
from tests.world import World


def test_the_world_stands(world: World) -> None:
    assert m.Account.objects.count() == 3
    assert world.time(3600).approved_in is not None


def test_the_application_role_owns_no_table(world: World) -> None:
    assert frames.rows("select current_user") == [("duly_app",)]
    assert frames.rows("select count(*) from pg_class where relowner = current_user::regrole") == [(0,)]
