"""Django's settings, from the environment. The database is named by `duly.config.database`."""

from pathlib import Path

from environs import Env

from duly.config import database

env = Env()

SECRET_KEY = env.str("DULY_SECRET_KEY", default="") or database.secret_key()
DEBUG = False
ALLOWED_HOSTS = env.list("DULY_HOSTS", default=["localhost", "127.0.0.1"])
INSTALLED_APPS = [
    "duly.interfaces.web",
    "duly.interfaces.kit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "lucide",
    "procrastinate.contrib.django",
    "template_partials",
    "duly.billing",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "duly.interfaces.web.frame.headers.Private",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",  # these so early that every answer has their headers
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "duly.interfaces.web.frame.failures.Failures",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "duly.config.urls"
WSGI_APPLICATION = "duly.config.wsgi.application"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.messages.context_processors.messages",
            "duly.interfaces.web.frame.context.frame",
        ],
        "builtins": ["duly.interfaces.kit.templatetags.kit", "django.templatetags.static",
                     "template_partials.templatetags.partials"],
    },
}]
FORM_RENDERER = "duly.interfaces.kit.forms.Renderer"
DATABASES = database.connections()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
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

# Signing in: by login and password, then by TOTP or a recovery code where the person has set it up.
AUTH_USER_MODEL = "billing.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("login", "name", "email")}},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "duly.interfaces.web.sign_in.adapters.People"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "reauthenticate": "10/m/user"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("DULY_PROXIES", default=0)
MFA_ADAPTER = "duly.interfaces.web.sign_in.adapters.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Duly"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are the administrators' business

# What several web processes share, such as how often someone tried to sign in.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "shared_cache"}}

# Headers. HTTPS is the reverse proxy's; DULY_HTTPS says that there is one.
HTTPS = env.bool("DULY_HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # an agreement of many charges in tiers is one form
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if HTTPS else []
CSRF_FAILURE_VIEW = "duly.interfaces.web.frame.failures.expired_form"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {
    "default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "font-src": ["'self'"],
    "img-src": ["'self'", "data:"], "connect-src": ["'self'"], "form-action": ["'self'"], "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"], "manifest-src": ["'self'"],
}}
SESSION_COOKIE_AGE = 12 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Static files are served from the packages that hold them, and from the data folder (the font is made there).
STATIC_URL = "static/"
STATICFILES_DIRS = [database.data_folder() / "static"]
STORAGES = {"staticfiles": {"BACKEND": "duly.interfaces.kit.static_files.Versioned"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 31_536_000
SILENCED_SYSTEM_CHECKS = ["staticfiles.W004"]

# The business date that pages use instead of today's; for demonstrations.
TODAY = env.date("DULY_TODAY", default=None)
