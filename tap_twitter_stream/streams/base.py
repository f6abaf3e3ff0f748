"""What all streams of this tap share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from singer_sdk.singerlib import Schema
from singer_sdk.streams import Stream

from tap_twitter_stream.columns.shapes import Columns, file_schema
from tap_twitter_stream.emit.lanes import Lane, RawLane, SdkLane
from tap_twitter_stream.emit.text_columns import TextLane, text_schema
from tap_twitter_stream.schema import load_schema

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.singerlib import Catalog

    from tap_twitter_stream.emit.parquet.files import FileOutput

REPLICATION_KEY = "_captured_at"
_LOG_BASED = "LOG_BASED"


class CapturedStream(Stream):
    """A stream that the capture fills in line; it never reads anything by itself."""

    # The schemas are open at every level and hold what X sends, so conforming would change
    # nothing; it is 69 % of the SDK's time per record.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    state_partitioning_keys: ClassVar[tuple[str, ...]] = ()  # one bookmark, no partitions
    is_data: ClassVar[bool] = True
    """Whether it holds what X sent. With no such stream selected, nothing is connected."""

    def __init__(self, tap: Tap) -> None:
        self.nested_as_text = tap.config.get("nested_values") == "text"
        self.in_files = bool(tap.config.get("batch_config"))
        super().__init__(tap, name=self.name, schema=self._adapted(load_schema(self.name)))
        self.forced_replication_method = _LOG_BASED
        self.replication_key = REPLICATION_KEY
        self.logger.addFilter(_without_second_line)

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401, ARG002 - the SDK's types
        """Return nothing: the parent writes this stream's records as they come."""
        return ()

    def get_replication_key_signpost(self, context: Any = None) -> None:  # noqa: ANN401, ARG002
        """Return no bound: the place in the log is the bookmark, the key only informs."""
        return

    def generate_child_contexts(self, record: Any, context: Any) -> tuple[()]:  # noqa: ANN401, ARG002
        """Return no context, so that the SDK never starts a child's own sync."""
        return ()

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection and schema from a catalog, but not keys or replication.

        A capture has one bookmark and fixed keys; a catalog that says otherwise would make rows
        that no upsert can match.
        """
        keys = tuple(self.primary_keys)
        super().apply_catalog(catalog)
        other = (
            (tuple(self.primary_keys or ()) or keys) != keys
            or self.replication_key not in {None, REPLICATION_KEY}
            or self.forced_replication_method != _LOG_BASED
        )
        if other:
            self.logger.warning(
                "The catalog's keys or replication of '%s' are not used: they are fixed.",
                self.name,
            )
        self.primary_keys = keys
        self.replication_key = REPLICATION_KEY
        self.forced_replication_method = _LOG_BASED
        if entry := catalog.get_stream(self.name):
            entry.key_properties = list(keys)  # stream maps take keys and schema from here
            entry.schema = Schema.from_dict(self._adapted(entry.schema.to_dict()))

    def _adapted(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema as the settings want it."""
        if self.nested_as_text:
            schema = text_schema(schema)
        return file_schema(schema) if self.in_files else schema

    def get_batch_config(self, config: Any) -> None:  # noqa: ANN401, ARG002 - the SDK's types
        """Return none: the SDK's own writer knows neither selection nor stream maps."""
        return

    def lane(self, *, fast_path: bool, files: FileOutput | None = None) -> Lane | None:
        """Choose how records are written: as X's bytes, through the SDK, or not at all.

        Args:
            fast_path: Whether to copy what nobody changes.
            files: Where rows go instead of stdout.
        """
        if not self.selected:
            return None
        maps = self.stream_maps
        plain = (
            fast_path
            and len(maps) == 1
            and type(maps[0]) is SameRecordTransform
            and not maps[0].flattening_enabled
            and all(self.mask.values())
        )
        lane: Lane
        if files:
            lane = files.lane(self, self._columns(), plain=plain)
        else:
            lane = RawLane(maps[0].stream_alias) if plain else SdkLane(self)
        return TextLane(lane, self.schema) if self.nested_as_text else lane

    def _columns(self) -> Iterator[Columns]:
        """Yield what the stream becomes in files: fields deselected, maps applied."""
        for stream_map in self.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                keys = tuple(stream_map.transformed_key_properties or ())
                schema = stream_map.transformed_schema
                yield Columns(stream_map.stream_alias, schema, keys, self.name)

    def finalize_state_progress_markers(self, state: dict[str, Any] | None = None) -> None:
        """Keep no bookmark for a child: the position in the log covers all streams."""
        if self.parent_stream_type is None:
            super().finalize_state_progress_markers(state)

    def write_schema(self) -> None:
        """Write the SCHEMA message, for a child that the SDK does not start."""
        self._write_schema_message()


def _without_second_line(record: logging.LogRecord) -> bool:
    """Leave out the SDK's line before a failure: the failure says itself what it is."""
    return not str(record.msg).startswith("An unhandled error occurred")
