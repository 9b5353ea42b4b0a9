"""`backline limits`: how fast each provider may be asked, who must wait, and to end such a wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json
from backline.errors import BadInput, UnknownName
from backline.moments import show_moment
from backline.runtime.limits import Policy
from backline.storage.budgets import Budgets, Share
from backline.storage.clock import to_micros
from backline.storage.limits import Bucket, LimitKey
from backline.wiring import House

app = typer.Typer(help="How fast each provider may be asked, and who must wait.", no_args_is_help=True)
COLUMNS = ["provider", "account", "blocked_until", "tokens", "rate", "burst"]
BUDGET = ["provider", "account", "family", "spent", "allowance", "reserved", "learned"]


@app.command()
def show(json_lines: Json = False) -> None:
    """Show every provider and account: until when it is left alone, and how many calls could go out at once.

    Where a provider has a budget for the day, also what was asked in 24 hours of how much.
    """
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        policies, buckets = house.limits.policies, house.limits.list_buckets()
        budgets = list_budgets(house)
    rows = [describe_bucket(bucket, policies.get(bucket.key.provider)) for bucket in buckets]
    asked = {bucket.key.provider for bucket in buckets}
    idle = [Bucket(LimitKey(provider), 0, 0) for provider in sorted(policies.keys() - asked)]
    rows += [describe_bucket(bucket, policies[bucket.key.provider]) for bucket in idle]
    screen.show_rows(rows, COLUMNS, empty=screen.label("nothing_yet"), numbers=["tokens", "rate", "burst"])
    if budgets:
        screen.say()
        screen.show_rows(budgets, BUDGET, numbers=BUDGET[3:])


@app.command()
def clear(
    provider: Annotated[str, typer.Argument(help="As `backline limits show` names it.")],
    why: Annotated[str, typer.Option("--why", help="Why the provider may be asked again.")],
    account: Annotated[
        str, typer.Option("--account", help="Only this account; without it the provider as a whole.")
    ] = "",
    json_lines: Json = False,
) -> None:
    """Lift the block of a provider or of one account, and let it be asked at its full burst."""
    screen = make_screen(json_lines=json_lines)
    if not why.strip():
        raise BadInput("The reason is empty.", remedy="Say why in a few words: --why TEXT.")
    key = LimitKey(provider, account)
    with open_house() as house, house.database.write() as connection:
        if not house.limits.clear(connection, key):
            words = f"Nothing is kept of {provider} {account}".rstrip() + "."
            raise UnknownName(words, remedy="`backline limits show` lists what is.")
        write_audit(house, connection, "limit.clear", f"limit:{provider}:{account}", why=why)
    screen.show_facts({"provider": provider, "account": account, "blocked_until": None})


def list_budgets(house: House) -> list[dict[str, Any]]:
    """What was asked in 24 hours, by family, as JSON.

    `allowance`: the setting, or what was learned where that is less; `reserved` of it for calls that somebody waits for.
    """
    options, found = house.settings.spotify, []
    for one in Budgets(house.database).list_spending():
        share = Share(options.find_daily(one.key.family), options.reserve)
        most = share.limit(one.learned, interactive=True)
        reserved = most - share.limit(one.learned, interactive=False)
        spent = {"spent": one.spent, "interactive": one.interactive}
        found.append(
            vars(one.key) | spent | {"allowance": most, "reserved": reserved, "learned": one.learned}
        )
    return found


def describe_bucket(bucket: Bucket, policy: Policy | None) -> dict[str, Any]:
    """A limit as JSON. `tokens`: calls that could go out at once; None where no policy is known here."""
    seconds = bucket.blocked_for / 1_000_000
    until = to_micros(datetime.now(UTC)) + bucket.blocked_for
    return {
        "provider": bucket.key.provider,
        "account": bucket.key.account,
        "blocked_until": show_moment(until) if seconds else None,
        "blocked_seconds": round(seconds, 3),
        "tokens": policy and policy.count_tokens(bucket),
        "rate": policy and policy.rate,
        "burst": policy and policy.burst,
        "reserve": policy and policy.reserve,
    }
