"""The demo company: readable files under `examples/demo`, lived through month by month by the real verbs."""
