"""The web application, for granian's workers: `duly.config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duly.config.settings")

application = get_wsgi_application()
