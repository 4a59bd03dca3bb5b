"""What is said to clients: every mail, with its delivery state."""

from django.db import models
from django.db.models import Q

from duly.billing.accounts.models import Account, LegalEntity
from duly.billing.invoicing.models import Invoice
from duly.billing.kernel import fields
from duly.billing.payments.models import Receipt

__all__ = ["DeliveryAttempt", "Message"]

MESSAGE_STATES = ("queued", "sent", "failed")


class Message(models.Model):
    """A mail to an account's contacts, at least once delivered under one fixed Message-ID."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT)
    account = models.ForeignKey(Account, models.RESTRICT)
    invoice = models.ForeignKey(Invoice, models.RESTRICT, null=True)
    receipt = models.ForeignKey(Receipt, models.RESTRICT, null=True)
    recipients = models.JSONField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    message_id = models.CharField(max_length=200, unique=True)
    state = fields.choice(MESSAGE_STATES, default="queued")
    queued_at = models.DateTimeField()
    queued_by = models.CharField(max_length=80)

    class Meta:
        db_table = "message"
        constraints = [fields.one_of("message", "state", MESSAGE_STATES)]
        indexes = [models.Index(fields=["state"], condition=~Q(state="sent"), name="message_unsent")]


class DeliveryAttempt(models.Model):
    """One try to hand a message to the mail server; what it answered, in plain words on the first line of `answer`."""

    message = models.ForeignKey(Message, models.RESTRICT, related_name="attempts")
    at = models.DateTimeField()
    outcome = fields.choice(("sent", "failed"))
    answer = models.TextField(default="")

    class Meta:
        db_table = "delivery_attempt"
