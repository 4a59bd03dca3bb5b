"""Properties have no time limit: a busy machine is no bug."""

from hypothesis import settings

settings.register_profile("engine", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("engine")
