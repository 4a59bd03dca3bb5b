"""Every table of Duly, gathered for Django from the domains in the order money flows."""

from duly.billing.audit.models import *  # noqa: F403
from duly.billing.reference.models import *  # noqa: F403

from duly.billing.accounts.models import *  # noqa: F403  # isort: skip
from duly.billing.accounts.tax_rules import *  # noqa: F403  # isort: skip
from duly.billing.accounts.payable_steps import *  # noqa: F403  # isort: skip
from duly.billing.ledger.models import *  # noqa: F403  # isort: skip
from duly.billing.agreements.models import *  # noqa: F403  # isort: skip
from duly.billing.agreements.charges import *  # noqa: F403  # isort: skip
from duly.billing.work.models import *  # noqa: F403  # isort: skip
from duly.billing.usage.models import *  # noqa: F403  # isort: skip
from duly.billing.invoicing.models import *  # noqa: F403  # isort: skip
from duly.billing.invoicing.review_models import *  # noqa: F403  # isort: skip
from duly.billing.invoicing.tax_models import *  # noqa: F403  # isort: skip
from duly.billing.invoicing.check_policy import *  # noqa: F403  # isort: skip
from duly.billing.payments.models import *  # noqa: F403  # isort: skip
from duly.billing.desk.models import *  # noqa: F403  # isort: skip
