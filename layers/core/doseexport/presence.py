"""When people used the service last: whoever never looks in is taken for gone, and their schedules pause."""

from __future__ import annotations

import logging

from doseexport.access import Caller
from doseexport.aws import BotoCoreError, ClientError
from doseexport.logs import describe_error
from doseexport.services import Services

_LOGGER = logging.getLogger(__name__)


def note_seen(services: Services, caller: Caller) -> None:
    """Remember that a person is here; what they came for does not fail if that fails."""
    if caller.is_machine:
        return
    try:
        services.schedules.note_seen(caller.id, services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("presence_not_noted", extra=describe_error(error))
