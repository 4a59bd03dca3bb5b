from procrastinate import App


def register(app: App) -> None:
    pass
