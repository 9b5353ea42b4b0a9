"""How fast providers may be asked, wired: what code and settings say of it, and Redis where the limits live there."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any, Final

from backline.discovery import find_members
from backline.runtime.limits import Policy
from backline.runtime.task import BadTask
from backline.settings import Settings

# Several tasks and commands ask Spotify, by one budget. Nobody publishes its rate: this is far below what was ever
# refused. It may ask to be left alone for as long as any wait that was reported.
SPOTIFY: Final = Policy("spotify", rate=1, burst=3, reserve=0.3, longest_block=7 * 86_400.0)


def find_policies(settings: Settings) -> dict[str, Policy]:
    """How fast each provider may be asked: as told here, as task files and plug-ins declare it, and as the settings change it.

    Raises `BadTask` where two say different things of one provider, or where what the settings say cannot be kept.
    """
    policies = {SPOTIFY.provider: SPOTIFY}
    for policy in find_members("backline.tasks", "backline.tasks", Policy):
        if policies.setdefault(policy.provider, policy) != policy:
            raise BadTask(f"Two policies say how fast {policy.provider} may be asked.")
    for provider, options in settings.limits.items():
        given = options.model_dump(exclude_none=True)
        if provider in policies:
            policies[provider] = replace(policies[provider], **given)
        elif "rate" in given:
            policies[provider] = Policy(provider, **given)
        else:
            raise BadTask(
                f"No code says how fast {provider} may be asked.", remedy=f"Set limits.{provider}.rate."
            )
    return policies


def open_redis_limits(settings: Settings) -> Any:
    """The limits in Redis where the broker is one, else None. Only a process that asks for them loads its client."""
    if not settings.broker_url.startswith(("redis://", "rediss://")):
        return None
    module = importlib.import_module("backline.storage.redis_limits")
    return module.RedisLimits(settings.broker_url, settings.broker.key_prefix)
