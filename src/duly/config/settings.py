"""Django's settings, from the environment. The database is named by `duly.config.database`."""

from pathlib import Path

from environs import Env

from duly.config import database

env = Env()

SECRET_KEY = env.str("DULY_SECRET_KEY", default="") or database.secret_key()
DEBUG = False
ALLOWED_HOSTS = env.list("DULY_HOSTS", default=["localhost", "127.0.0.1"])
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "duly.billing",
]
AUTH_USER_MODEL = "billing.User"
DATABASES = database.connections()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
BASE_DIR = Path(__file__).resolve().parent.parent

PROCRASTINATE_ON_APP_READY = "duly.interfaces.outbox.jobs.register"
PROCRASTINATE_IMPORT_PATHS: list[str] = []

# Mail goes out over SMTP; nothing is sent unless a server is named.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("DULY_SMTP_HOST", default="localhost")
EMAIL_PORT = env.int("DULY_SMTP_PORT", default=25)
EMAIL_HOST_USER = env.str("DULY_SMTP_USER", default="")
EMAIL_HOST_PASSWORD = env.str("DULY_SMTP_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("DULY_SMTP_STARTTLS", default=False)
EMAIL_USE_SSL = env.bool("DULY_SMTP_TLS", default=False)
EMAIL_TIMEOUT = 20
