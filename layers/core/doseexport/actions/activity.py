"""When people used the service last: whoever never looks in is taken for gone, and their schedules pause."""

from __future__ import annotations

import logging

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.rights import Caller

_LOGGER = logging.getLogger(__name__)


def record_activity(services: Services, caller: Caller) -> None:
    """Remember that a person is here; what they came for does not fail if that fails."""
    if caller.is_machine:
        return
    try:
        services.schedules.record_activity(caller.id, services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("presence_not_noted", extra=describe_error(error))
