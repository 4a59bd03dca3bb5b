"""Every address of the API, and its description."""

from django.urls import path
from ninja import NinjaAPI

from duly.interfaces.api.failures import answer_failures
from duly.interfaces.api.parsing import Exact
from duly.interfaces.api.tokens import ByToken
from duly.interfaces.api.usage import router

api = NinjaAPI(
    title="Duly", version="1", urls_namespace="api", docs_url=None, openapi_url="openapi.json", parser=Exact(),
    auth=ByToken(), description=(
        "Quantities are strings, times have a zone. A request that changes something takes an Idempotency-Key: sent "
        "again with it, it acts once and answers the same. Errors are application/problem+json (RFC 9457)."))
api.add_router("", router)
answer_failures(api)

urlpatterns = [path("", api.urls)]
