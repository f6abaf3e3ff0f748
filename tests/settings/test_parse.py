from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from singer_sdk.helpers import capabilities

from tap_twitter_stream.errors import SettingsError
from tap_twitter_stream.policy.ruleset import RulesPolicy, WantedRule
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.schema import MIB, PRIVATE_FIELDS, SDK_SETTINGS, SETTINGS_SCHEMA
from tap_twitter_stream.settings.values import ForeignMatches, ProgressLine, Settings, WithoutState

TOKEN = {"bearer_token": "AAAA%2Fmade%3Dup"}
PROPERTIES: dict[str, dict[str, Any]] = SETTINGS_SCHEMA["properties"]


def parse(**raw: object) -> Settings:
    return parse_settings({**TOKEN, **raw})


def errors_of(raw: dict[str, object]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(raw)
    return caught.value.errors


def the_error(**raw: object) -> str:
    errors = errors_of({**TOKEN, **raw})
    assert len(errors) == 1, errors
    return errors[0]


def test_token_alone_is_enough() -> None:
    settings = parse()
    assert settings.endpoints == ("filtered",)
    assert settings.rules.policy is RulesPolicy.IGNORE
    assert settings.network.stream_url == settings.network.api_url == "https://api.x.com"
    assert settings.spool.max_bytes == 256 * MIB
    assert settings.warnings == ()


def test_defaults_filled_in_by_the_sdk_change_nothing() -> None:
    filled = {name: one["default"] for name, one in PROPERTIES.items() if "default" in one}
    assert parse(**filled) == parse()


def test_nulls_and_empty_environment_variables_count_as_absent() -> None:
    assert parse(**dict.fromkeys(PROPERTIES.keys() - TOKEN.keys())) == parse()
    assert parse(proxy="", spool_dir=" ", stop_at="", rules_policy="") == parse()


def test_every_setting_arrives(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    settings = parse(
        consumer_key="KEYKEY",
        consumer_secret="SECRET",
        endpoints=["sample", "filtered", "sample"],
        tweet_fields=["id", "text"],
        user_fields=[],
        media_fields=["url"],
        place_fields=["geo"],
        poll_fields=["id"],
        expansions=["author_id"],
        backfill_minutes=5,
        rules=[{"value": " cat ", "tag": "cats"}, {"value": "dog"}],
        rules_policy="check",
        rules_tag_prefix="t:",
        foreign_rule_matches="drop",
        max_run_seconds=60,
        idle_exit_seconds=5.5,
        max_records=100,
        max_bytes=1000.0,
        stop_at="2027-01-05T10:00:00Z",
        align_stop_to_seconds=3600,
        shutdown_grace_seconds=1,
        spool_dir="spool",
        spool_max_bytes=9 * MIB,
        spool_fsync_ms=50,
        spool_retention_seconds=0,
        spool_without_state="discard",
        state_interval_seconds=1,
        fast_path="off",
        nested_values="text",
        raw_messages=True,
        dedupe_window_seconds=0,
        dedupe_max_ids=7,
        progress="on",
        api_url="http://127.0.0.1:8080/",
        stream_url="http://localhost:8081/",
        stall_timeout_seconds=21,
        connect_timeout_seconds=2,
        max_retries=0,
        kill_ghost_connections=True,
        proxy="http://user:hunter2hunter2@proxy.example:3128",
        ca_bundle=str(bundle),
        user_agent="me/1",
        max_line_bytes=MIB,
    )
    assert settings.auth.complete
    assert settings.endpoints == ("sample", "filtered")
    assert settings.backfill_minutes == 5
    assert settings.fields.as_params() == {
        "tweet.fields": "id,text",
        "media.fields": "url",
        "place.fields": "geo",
        "poll.fields": "id",
        "expansions": "author_id",
    }
    assert settings.rules.wanted == (WantedRule("cat", "cats"), WantedRule("dog"))
    assert settings.rules.policy is RulesPolicy.CHECK
    assert settings.rules.tag_prefix == "t:"
    assert settings.rules.foreign_matches is ForeignMatches.DROP
    window = settings.window
    assert (window.max_run_s, window.idle_exit_s, window.max_records) == (60.0, 5.5, 100)
    assert (window.max_bytes, window.align_stop_to_s) == (1000, 3600)
    assert window.stop_at == datetime(2027, 1, 5, 10, tzinfo=timezone.utc)
    assert window.shutdown_grace_s == 1.0
    spool = settings.spool
    assert (spool.dir, spool.max_bytes, spool.fsync_ms) == (
        str(Path("spool").absolute()),
        9 * MIB,
        50,
    )
    assert (spool.retention_s, spool.without_state) == (0.0, WithoutState.DISCARD)
    assert (settings.dedupe.window_s, settings.dedupe.max_ids) == (0.0, 7)
    output = settings.output
    assert (output.state_interval_s, output.fast_path) == (1.0, False)
    assert output.nested_as_text
    assert (output.raw_messages, output.progress) == (True, ProgressLine.ON)
    network = settings.network
    assert (network.api_url, network.stream_url) == (
        "http://127.0.0.1:8080",
        "http://localhost:8081",
    )
    assert (network.stall_timeout_s, network.connect_timeout_s) == (21.0, 2.0)
    assert (network.max_retries, network.user_agent) == (0, "me/1")
    assert network.kill_ghosts
    assert (network.ca_bundle, network.max_line_bytes) == (str(bundle), MIB)
    assert set(settings.secrets) == {
        TOKEN["bearer_token"],
        "KEYKEY",
        "SECRET",
        "KEYKEY:SECRET",
        "hunter2hunter2",
    }


def test_every_error_is_listed_at_once() -> None:
    errors = errors_of(
        {
            "consumer_key": "only-the-key",
            "endpoints": ["filterd"],
            "max_records": 0,
            "raw_messages": "perhaps",
            "rules": [{"value": "(cat"}, {"tag": "x"}],
            "stop_at": "tomorrow",
            "api_url": "ftp://example",
            "stall_timeout_seconds": 20,
        }
    )
    for name in (
        *("consumer_key", "endpoints[0]", "max_records", "raw_messages", "rules[0].value"),
        *("rules[1]", "rules_tag_prefix", "stop_at", "api_url", "stall_timeout_seconds"),
    ):
        assert any(f"`{name}`" in error for error in errors), name


def test_missing_credentials_name_both_ways() -> None:
    (error,) = errors_of({"max_records": 5})
    assert "`bearer_token`" in error
    assert "`consumer_key`" in error
    assert "`consumer_secret`" in error


def test_discovery_needs_no_credentials() -> None:
    assert not parse_settings({}, require_auth=False).auth.complete


def test_key_and_secret_are_enough() -> None:
    assert parse_settings({"consumer_key": "abc", "consumer_secret": "def"}).auth.complete


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"max_records": "many"}, "`max_records` must be a whole number of at least 1"),
        ({"max_records": True}, "`max_records` must be a whole number"),
        ({"max_records": 1.5}, "`max_records` must be a whole number"),
        ({"max_run_seconds": float("nan")}, "`max_run_seconds` must be a number"),
        ({"backfill_minutes": 6}, "from 0 to 5"),
        ({"endpoints": []}, "name at least one"),
        (
            {"endpoints": ["users_compliance"], "tweet_fields": ["id"]},
            "`tweet_fields` is no parameter of users_compliance",
        ),
        ({"endpoints": "filtered"}, "must be a list"),
        ({"endpoints": ["firehoze"]}, "one of filtered, sample"),
        ({"partitions": {"sample10": [1]}}, "add sample10 to `endpoints`"),
        ({"partitions": {"sample": [1]}}, "no endpoint with partitions"),
        ({"endpoints": ["sample10"], "partitions": {"sample10": [3]}}, "from 1 to 2, not 3"),
        ({"endpoints": ["sample10"], "partitions": {"sample10": []}}, "is empty"),
        ({"fast_path": "fast"}, "one of auto, off"),
        ({"rules_policy": "sync", "rules": []}, "`rules_tag_prefix`"),
        ({"rules_policy": "sync", "rules_tag_prefix": "a:"}, "needs `rules`"),
        ({"rules_policy": "check"}, "needs `rules`"),
        ({"rules": [{"value": "cat"}]}, "`rules_tag_prefix`"),
        ({"rules_tag_prefix": "a: "}, "white space"),
        ({"foreign_rule_matches": "drop"}, "`rules_tag_prefix`"),
        ({"rules": [], "rules_policy": "ignore", "max_bytes": 0}, "`max_bytes`"),
        ({"tweet_fields": ["id,text"]}, "one name per entry"),
        ({"stop_at": "2027-01-05T10:00:00"}, "offset"),
        ({"api_url": "http://api.x.com"}, "unencrypted"),
        ({"stream_url": "https://user:pw@api.x.com"}, "no user"),
        ({"api_url": "https://api.x.com:port"}, "correct it"),
        ({"proxy": "socks5://127.0.0.1:1"}, "`proxy`"),
        ({"ca_bundle": "/nowhere/ca.pem"}, "names no file"),
        ({"user_agent": "two\r\nlines"}, "one line"),
        ({"spool_max_bytes": 5 * MIB}, "twice `max_line_bytes`"),
        ({"consumer_secret": "abcdef"}, "set `consumer_key` too"),
        ({"bearer_token": "Bearer abc"}, "without the word Bearer"),
        ({"bearer_token": 5}, "`bearer_token` must be text"),
    ],
)
def test_error_names_the_setting_and_the_remedy(raw: dict[str, object], words: str) -> None:
    assert words in the_error(**raw)


def test_the_same_rule_twice_is_an_error() -> None:
    rules = [{"value": "cat"}, {"value": "cat ", "tag": "x"}]
    assert "repeats the value" in the_error(rules=rules, rules_tag_prefix="a:")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert parse(api_url=url).network.api_url == url


def test_spool_dir_raises_the_default_size() -> None:
    assert parse(spool_dir="x").spool.max_bytes == 4096 * MIB


def test_every_partition_is_read_unless_some_are_named() -> None:
    assert parse(endpoints=["sample10"]).partitions == {"sample10": (1, 2)}
    named = parse(endpoints=["firehose", "sample"], partitions={"firehose": [20, 3, 3]})
    assert named.partitions == {"firehose": (3, 20), "sample": ()}


def test_rules_are_synced_by_default_once_given() -> None:
    settings = parse(rules=[{"value": "cat"}], rules_tag_prefix="a:")
    assert settings.rules.policy is RulesPolicy.SYNC


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"endpoints": ["sample10"], "partitions": {"sample10": [2]}}, "leaves out 1:"),
        ({"most_records": 5}, "did you mean `max_records`?"),
        ({"zzz": 5}, "no effect."),
        ({"tweet_fields": ["id", "brand_new"]}, "HTTP 400"),
        ({"tweet_fields": ["organic_metrics"]}, "app-only token may not see"),
        ({"consumer_key": "abc", "consumer_secret": "def"}, "`bearer_token` is used"),
        (
            {"rules": [{"value": "x"}], "rules_tag_prefix": "a:", "endpoints": ["sample"]},
            "does not name filtered",
        ),
        ({"rules": [{"value": "x"}], "rules_policy": "ignore"}, "is ignore"),
        ({"rules": [{"value": "x" * 1100}], "rules_tag_prefix": "a:"}, "Enterprise"),
        ({"rules": [{"value": "x", "id": "1"}], "rules_tag_prefix": "a:"}, "rules[0].id"),
    ],
)
def test_what_probably_is_a_mistake_is_a_warning(raw: dict[str, object], words: str) -> None:
    (warning,) = parse(**raw).warnings
    assert words in warning


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("max_record", "max_records"),
        ("max_run_second", "max_run_seconds"),
        ("spooldir", "spool_dir"),
        ("flattening_enable", "flattening_enabled"),
    ],
)
def test_a_name_that_is_almost_a_setting_is_refused(name: str, near: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(**{name: 5})
    assert caught.value.errors == [
        f"`{name}` is not a setting of this tap; did you mean `{near}`? Correct it."
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({}, "--config=ENV"),
        ({"max_records": None, "endpoints": ["filtered"]}, "--config=ENV"),
        ({"max_records": 5}, "set `bearer_token`"),
        ({"access_token": "1-a", "access_token_secret": "b"}, "is a user's"),
        ({"bearer_token": '"AAAA"'}, "without quotes"),
        ({"bearer_token": "'AAAA'"}, "without quotes"),
        ({"bearer_token": "YOUR-TOKEN"}, "put your own"),
    ],
)
def test_each_way_to_have_no_credentials_gets_its_own_words(
    raw: dict[str, object], words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(raw)
    (error,) = caught.value.errors
    assert words in error


def test_the_spool_is_the_same_folder_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/mnt/ada")
    assert parse(spool_dir="~/spool").spool.dir == "/mnt/ada/spool"
    assert parse(spool_dir="spool").spool.dir == str(Path("spool").absolute())


def test_settings_of_the_sdk_are_known() -> None:
    configs = (
        capabilities.STREAM_MAPS_CONFIG,
        capabilities.FLATTENING_CONFIG,
        capabilities.BATCH_CONFIG,
    )
    names = {name for config in configs for name in config["properties"]}
    assert {*SDK_SETTINGS.split(), "batch_config"} == names  # that one is ours, in the SDK's shape
    assert parse(**dict.fromkeys(names)).warnings == ()


def test_schema_is_sound_and_describes_every_setting() -> None:
    Draft7Validator.check_schema(SETTINGS_SCHEMA)
    for name, one in PROPERTIES.items():
        assert one["description"].endswith("."), name
        assert "null" in one["type"], name


def test_secrets_are_marked_for_the_runner() -> None:
    marked = {name for name, one in PROPERTIES.items() if one.get("secret")}
    pairs = {"consumer_key", "consumer_secret", "access_token", "access_token_secret"}
    assert marked == {"bearer_token", "proxy"} | pairs
    assert all(PROPERTIES[name]["writeOnly"] for name in marked)


def test_no_private_field_is_asked_for_by_default() -> None:
    settings = parse()
    asked = {name for names in settings.fields.as_params().values() for name in names.split(",")}
    assert not asked & set(PRIVATE_FIELDS.split())


CANARY = "CANARY-0123456789"


@pytest.mark.parametrize("name", ["bearer_token", "consumer_key", "consumer_secret", "proxy"])
@pytest.mark.parametrize("shape", ["{}", "Bearer {}", "{}\n", "http://{}@"])
def test_no_secret_gets_into_an_error_or_a_repr(name: str, shape: str) -> None:
    raw: dict[str, object] = {name: shape.format(CANARY), "max_records": "x"}
    assert CANARY not in " ".join(errors_of(raw))
    assert CANARY not in repr(parse(proxy=f"http://u:{CANARY}@proxy.example"))


@given(
    st.dictionaries(
        st.sampled_from(sorted(PROPERTIES)) | st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["value", "tag", "x"]), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        max_size=8,
    )
)
def test_any_configuration_is_either_parsed_or_refused_with_reasons(raw: dict[str, Any]) -> None:
    try:
        settings = parse_settings(raw)
    except SettingsError as error:
        reasons = error.errors
    else:
        reasons = ["none."] if settings.auth.complete else []
    assert reasons
    assert all(sentence.rstrip().endswith(".") for sentence in reasons)


def test_batches_are_parquet_files_with_our_own_bounds() -> None:
    batches = {"encoding": {"format": "parquet"}, "storage": {"root": "captures"}}
    files = parse_settings({"bearer_token": "t", "batch_config": batches}).files
    assert files is not None
    assert (files.root, files.prefix, files.compression) == ("captures", "", "zstd")
    assert (files.seal_s, files.most_rows, files.most_bytes) == (300.0, 1_000_000, 128 << 20)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"encoding": {"format": "jsonl"}},
            "`batch_config.encoding.format` must be one of parquet",
        ),
        ({"encoding": None}, "`batch_config` has no `encoding`"),
        ({"storage": {"prefix": "a"}}, "`batch_config.storage` has no `root`"),
        ({"storage": {"root": " "}}, "`batch_config.storage.root` is empty"),
        ({"storage": {"root": "d", "prefix": "../x"}}, "`batch_config.storage.prefix` leads out"),
        ({"batch_size": 0}, "`batch_config.batch_size` must be a whole number of at least 1"),
    ],
)
def test_batches_that_cannot_be_written_are_refused(change: dict[str, object], words: str) -> None:
    batches = {"encoding": {"format": "parquet"}, "storage": {"root": "captures"}, **change}
    with pytest.raises(SettingsError, match=re.escape(words)):
        parse_settings({"bearer_token": "t", "batch_config": batches})


def test_missing_pyarrow_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_twitter_stream.settings.check.files.find_spec", lambda _: None)
    batches = {"encoding": {"format": "parquet"}, "storage": {"root": "captures"}}
    with pytest.raises(SettingsError, match=r"install the tap with its extra `parquet`"):
        parse_settings({"bearer_token": "t", "batch_config": batches})


def test_keys_of_a_bucket_are_secrets() -> None:
    storage = {"root": "memory://x", "params": {"key": "id-1", "secret": "hush", "anon": False}}
    batches = {"encoding": {"format": "parquet"}, "storage": storage}
    settings = parse_settings({"bearer_token": "t", "batch_config": batches})
    assert {"id-1", "hush"} <= set(settings.secrets)
    assert "hush" not in repr(settings)


def test_intervals_without_effect_are_warned_about() -> None:
    batches = {"encoding": {"format": "parquet"}, "storage": {"root": "captures"}}
    both = {"bearer_token": "t", "batch_config": batches, "state_interval_seconds": 1}
    assert "`state_interval_seconds` has no effect" in parse_settings(both).warnings[0]
    alone = {"bearer_token": "t", "parquet_seal_seconds": 5}
    assert parse_settings(alone).warnings == (
        "`parquet_seal_seconds` has no effect without `batch_config`.",
    )
