"""The event log, its seals, and the commands that wrote it."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models

__all__ = ["Command", "Event", "PersonalValue", "PublishedHead", "Seal"]


class Command(models.Model):
    """One run of a verb. With an idempotency key it acts once and answers the same (law 8)."""

    id = models.UUIDField(primary_key=True)
    verb = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    key = models.CharField(max_length=200, null=True, unique=True)
    body_digest = models.CharField(max_length=64)
    result = models.JSONField(null=True)

    class Meta:
        db_table = "command"


class Event(models.Model):
    """What a command did to one subject. Plain values only; never updated, never deleted."""

    id = models.BigAutoField(primary_key=True)
    command_id = models.UUIDField(db_index=True)
    verb = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    on_behalf_of = models.CharField(max_length=80, null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=TransactionNow())
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "event"
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="event_subject")]


class PersonalValue(models.Model):
    """A personal value that an event refers to by its salted digest; erasing the row erases the value."""

    event_id = models.BigIntegerField()
    path = models.CharField(max_length=80)
    salt = models.BinaryField(max_length=16)
    value = models.TextField()

    class Meta:
        db_table = "personal_value"
        constraints = [models.UniqueConstraint(fields=["event_id", "path"], name="personal_value_once")]


class Seal(models.Model):
    """A link of the hash chain over the events, kept apart from them: hash = sha256(previous ‖ event)."""

    number = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "seal"


class PublishedHead(models.Model):
    """The chain's head as it left the house, so that a chain cut shorter later shows."""

    number = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    place = models.CharField(max_length=200)

    class Meta:
        db_table = "published_head"
