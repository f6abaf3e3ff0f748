"""The SQL of docs/how-to/compliance.md, run as it stands on tables that the targets have made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.compliance_rows import FIRST, KEYS, LATER, account, event, post, tweet
from tests.docs.compliance_warehouses import COMMANDS, PAGE, Duck, Postgres, Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.postgres import PostgresServer

BLOCKS = re.findall(r"```sql\n-- ([^\n]*)\n(.*?)```", PAGE, re.DOTALL)


def sql_of(part: str, dialect: str) -> str:
    """Return the page's statements for one database, in the page's order."""
    wanted = {f"{part}, both", f"{part}, {dialect}"}
    found = [sql for name, sql in BLOCKS if name in wanted]
    assert len(found) == len(wanted)
    return "\n".join(found)


# What to look at after each step, by name.
LISTS = {name: f"select {keys[0]} as one from {name}" for name, keys in KEYS.items()} | {  # noqa: S608 - our own
    "visible_tweets": "select id as one from visible_tweets",
    "visible_referenced_tweets": "select id as one from visible_referenced_tweets",
    "visible_statuses": "select id_str as one from visible_statuses",
    "visible_users": "select id as one from visible_users",
    "visible_media": "select media_key as one from visible_media",
    "visible_likes": "select id as one from visible_likes",
    "likes of 41": "select cast(likes as varchar) as one from visible_like_counts",
    "with a place": "select id as one from tweets where (geo ->> 'place_id') is not null",
    "withheld": "select tweet_id || ' ' || country as one from compliance_withheld "
    "where subject = 'tweet'",
    "profiles": "select id || ' ' || name || ' ' || coalesce(location, '') || ' ' || "
    "coalesce(profile_image_url, '') as one from users where id in ('20', '21')",
}


def look(warehouse: Warehouse, lists: dict[str, str] = LISTS) -> dict[str, set[str]]:
    """Return what is where, with one query: each start of a client takes its time."""
    parts = [f"select '{name}' as name, one from ({sql}) as q" for name, sql in lists.items()]  # noqa: S608 - our own
    found: dict[str, set[str]] = {name: set() for name in lists}
    for name, one in warehouse.rows(" union all ".join(parts)):
        found[name].add(one)
    return found


def everything(warehouse: Warehouse) -> dict[str, set[str]]:
    """Return all rows of all tables, for comparing."""
    rows = {name: f"select cast(t as varchar) as one from {name} as t" for name in KEYS}  # noqa: S608 - our own
    return look(warehouse, rows)


def text(*numbers: int) -> set[str]:
    return {str(number) for number in numbers}


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path: Path, target: Callable[[str], Path]
) -> Duck | Postgres:
    if request.param == "duckdb":
        query = request.getfixturevalue("query_duckdb")
        return Duck(tmp_path, target("target-duckdb"), query)
    server: PostgresServer = request.getfixturevalue("newest_postgres")
    return Postgres(tmp_path, target("target-postgres"), server.database())


def test_every_event_is_applied_before_and_after_its_post(warehouse: Duck | Postgres) -> None:
    """Takes some 15 s: the target is started twice, the SQL three times."""
    warehouse.load(FIRST)
    warehouse.execute(sql_of("once", warehouse.dialect))
    apply = sql_of("apply", warehouse.dialect)
    warehouse.execute(apply)
    check_first(warehouse)
    once = everything(warehouse)
    warehouse.execute(sql_of("once", warehouse.dialect))
    warehouse.execute(apply)
    assert everything(warehouse) == once
    warehouse.load(LATER)
    check_hidden_at_once(warehouse)
    warehouse.execute(apply)
    check_later(warehouse)


def check_first(warehouse: Warehouse) -> None:
    there = look(warehouse)
    deleted, gone_with_its_author = text(10, 11), text(107)
    assert not there["tweets"] & (deleted | gone_with_its_author)
    hidden = text(121, 103, 105, 109, 31, 40, 60)
    assert there["tweets"] - there["visible_tweets"] == hidden
    assert there["visible_tweets"] >= text(12, 30, 41, 42, 61, 104, 106, 108)
    assert (there["referenced_tweets"], there["visible_referenced_tweets"]) == (text(120), set())
    assert there["media"] == {"m2"} == there["visible_media"]
    assert (there["polls"], there["places"]) == (set(), {"p3"})
    assert there["tweet_rules"] == text(12)
    assert there["likes"] == {"l2", "l3"} == there["visible_likes"]
    assert there["likes of 41"] == {"1"}
    assert "7" not in there["users"]
    assert there["users"] - there["visible_users"] == text(3, 5, 9)
    assert there["withheld"] == {"40 XX", "41 DE", "41 TR", "42 FR", "78 XX"}
    assert there["with a place"] == text(51)
    assert there["profiles"] == {"20 new name  https://i.example", "21 old name  "}
    assert there["statuses"] == text(72, 73, 75, 76, 77, 78, 79)
    assert there["visible_statuses"] == text(72, 73, 75, 76, 77)
    rows = warehouse.rows(
        "select id_str, quoted_status, retweeted_status, coordinates, geo, place from statuses"
    )
    whole = {key: str(rest) for key, *rest in rows}
    assert {key for key, said in whole.items() if "Point" in said or "p9" in said} == {"77"}
    assert not any("'70'" in said or '"70"' in said for said in whole.values())


def check_hidden_at_once(warehouse: Warehouse) -> None:
    """What a tombstone waits for is never seen, not even before the next run."""
    there = look(warehouse)
    assert there["tweets"] >= text(80, 81, 82, 10)
    assert not there["visible_tweets"] & text(80, 81, 10)
    assert "70" in there["statuses"] - there["visible_statuses"]


def check_later(warehouse: Warehouse) -> None:
    there = look(warehouse)
    assert not there["tweets"] & text(80, 10)
    assert there["tweets"] >= text(81, 82)
    assert there["visible_tweets"] >= text(103, 121, 31)
    assert "104" in there["tweets"] - there["visible_tweets"]
    assert there["media"] == {"m2"}
    assert there["with a place"] == text(51)
    assert "70" not in there["statuses"]
    assert "3" in there["visible_users"]
    assert "4" in there["users"] - there["visible_users"]


def test_readers_of_one_country_do_not_see_what_is_withheld_there(
    warehouse: Duck | Postgres,
) -> None:
    rows = [tweet(1, 1), tweet(2, 2), tweet(3, 3)]
    rows += [event("withheld", tweet=post(1, 1), withheld_in_countries=["DE"])]
    rows += [event("user_withheld", withheld_in_countries=["TR", "DE"], user=account(2))]
    warehouse.load(rows)
    warehouse.execute(sql_of("once", warehouse.dialect))
    warehouse.execute(sql_of("apply", warehouse.dialect))
    (query,) = (sql for name, sql in BLOCKS if name == "for readers in Germany")
    german = warehouse.rows(f"select id from ({query.strip().rstrip(';')}) as shown")  # noqa: S608 - our own
    assert german == [["3"]]
    assert look(warehouse)["visible_tweets"] == text(1, 2, 3)


def test_every_block_of_the_page_is_run() -> None:
    assert {name for name, _ in BLOCKS} == {"for readers in Germany"} | {
        f"{part}, {who}" for part in ("once", "apply") for who in ("both", "duckdb", "postgres")
    }
    assert len(re.findall("```sql", PAGE)) == len(BLOCKS)
    assert {one.split()[0] for one in COMMANDS} == {"psql", "python"}
