"""Schema of the JSON in a model file; anything else is refused."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from churnpredict.errors import ModelFileError

__all__ = [
    "FORMAT",
    "VERSION",
    "Affine",
    "Calendar",
    "CategoryColumn",
    "CategoryEffects",
    "Classifier",
    "Columns",
    "FeatureRow",
    "FileEntry",
    "Isotonic",
    "Linear",
    "Manifest",
    "Numbers",
    "Pipeline",
    "PurchaseParameters",
    "Purchases",
    "Rule",
    "Season",
    "Share",
    "Signature",
    "Trees",
    "Worth",
    "read_json",
    "write_json",
]

FORMAT: Literal["churnpredict model"] = "churnpredict model"
VERSION: Literal[5] = 5
"""2 added shares, worth and usual values, 3 the season, 4 that of leaving, 5 clocks of segments; files of earlier versions can be read."""

Count = Annotated[int, Field(ge=0, le=1 << 53)]
Position = Annotated[int, Field(ge=0, lt=1 << 20)]
Number = Annotated[float, Field(ge=-1e15, le=1e15)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Positive = Annotated[float, Field(gt=0, le=1e12)]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Threads = Annotated[int, Field(ge=-1, le=256)]


Part = TypeVar("Part", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, protected_namespaces=())


class FileEntry(_Part):
    """One file of the archive beside the manifest."""

    name: Text
    bytes: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Rule(_Part):
    """The churn rule: the name of its class, and its settings."""

    name: Text
    options: dict[str, JsonValue]


class FeatureRow(_Part):
    """One :class:`churnpredict.Feature`."""

    table: Text
    aggregate: Text
    window: Text | None = None
    kind: Text | None = None
    nth: Count | None = None
    column: Text | None = None
    driver: Text | None = None
    called: Text | None = None


class Worth(_Part):
    """How much weight the payments of a single customer get, per day."""

    mean: float
    doubt: Annotated[float, Field(ge=0)]
    bound: Annotated[float, Field(ge=0)]


class Pipeline(_Part):
    """Settings of the pipeline, and what it was trained on. Times are microseconds UTC."""

    churn: Rule
    features: Annotated[list[FeatureRow], Field(max_length=1 << 20)]
    features_given: bool
    settings: dict[str, JsonValue]
    classifier: dict[str, JsonValue] | None
    cutoffs: Annotated[list[Annotated[int, Field(gt=-(1 << 62), lt=1 << 62)]], Field(min_length=1)]
    n_snapshots: Count
    n_leavers: Count
    base_rate: Annotated[float, Field(ge=0, le=1)]
    worth: Worth | None = None  # missing in the first files
    usual: dict[str, float | str] | None = None  # missing in the first files, too


class CategoryColumn(_Part):
    """The levels of one column of categories, and the share of training rows with a rarer one (null for none)."""

    column: Position
    levels: list[str]
    rest: Annotated[float, Field(ge=0, le=1)] | None


class Columns(_Part):
    """The columns of the matrix, in order."""

    names: Annotated[list[str], Field(min_length=1, max_length=1 << 20)]
    named: bool
    fewest: Count
    categories: list[CategoryColumn]


class Classifier(_Part):
    """Settings of the classifier, and what it learnt other than numbers."""

    settings: dict[str, JsonValue]
    labels: Annotated[list[bool | int | float | str], Field(min_length=2, max_length=2)]
    label_type: Literal["bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64", "object", "str"]
    base_rate: Annotated[float, Field(ge=0, le=1)]
    validated_on: Literal["time", "customers", "rows", "nothing"]
    record: JsonValue
    threads: Threads | None


class Manifest(_Part):
    """manifest.json."""

    format: Literal["churnpredict model"]
    version: Literal[1, 2, 3, 4, 5]
    written_by: dict[str, str]
    model_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    files: Annotated[list[FileEntry], Field(min_length=1)]
    pipeline: Pipeline
    columns: Columns
    classifier: Classifier


class Signature(_Part):
    """signature.json: of the manifest."""

    algorithm: Literal["ed25519"]
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class Trees(_Part):
    """A LightGBM member, whose trees are in a file of their own."""

    kind: Literal["trees"]
    weight: Weight
    file: Text


class CategoryEffects(_Part):
    """Effects of the levels of one column, in log-odds."""

    column: Position
    levels: list[Position]
    effects: list[Number]


class Linear(_Part):
    """A logistic member. ``scale`` is null where a column did not vary."""

    kind: Literal["linear"]
    weight: Weight
    strength: Number
    monotone: list[Annotated[int, Field(ge=-1, le=1)]]
    numbers: list[Position]
    low: list[Number]
    high: list[Number]
    center: list[Number]
    scale: list[Positive | None]
    slope: list[Number]
    hole: list[Number]
    holes: list[Position]
    shift: list[Number]
    base: Number
    categories: list[CategoryEffects]


class Purchases(_Part):
    """An MBG/NBD member; horizon and gap in days."""

    kind: Literal["purchases"]
    weight: Weight
    columns: Annotated[list[Position], Field(min_length=3, max_length=3)]
    horizon: Positive
    gap: Annotated[float, Field(ge=0, le=1e6)]
    never: Number
    base: Number
    r: Positive
    alpha: Positive
    a: Positive
    b: Positive


class Affine(_Part):
    """log-odds = slope x margin + intercept."""

    kind: Literal["affine", "identity"]
    prior: Number
    slope: Positive
    intercept: Number


class Isotonic(_Part):
    """Steps from margins to probabilities."""

    kind: Literal["isotonic"]
    level: Number
    low: Annotated[float, Field(gt=0, lt=1)]
    high: Annotated[float, Field(gt=0, lt=1)]
    margins: Annotated[list[Number], Field(min_length=1)]
    probabilities: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1)]


class Calendar(_Part):
    """The member that adds the season's column as it is."""

    kind: Literal["calendar"]
    weight: Weight
    column: Position


Member = Annotated[Trees | Linear | Purchases | Calendar, Field(discriminator="kind")]
Calibration = Annotated[Affine | Isotonic, Field(discriminator="kind")]


class Share(_Part):
    """Factor of the risk for an outcome, or for an earlier horizon in days; without members it is the rate."""

    name: Text
    days: Positive | None
    rate: Annotated[float, Field(gt=0, lt=1)]
    members: list[Member]
    calibration: Calibration | None


class PurchaseParameters(_Part):
    """The four numbers of MBG/NBD."""

    r: Positive
    alpha: Positive
    a: Positive
    b: Positive


Day = Annotated[int, Field(ge=-(1 << 31), le=1 << 31)]
Rate = Annotated[float, Field(ge=0, le=1e9)]


class _Clock(_Part):
    """The clock of a season, and how much of it is used. Days count from 1970."""

    end: Day
    first: Day
    rates: Annotated[list[Rate], Field(min_length=1, max_length=10_000)]
    year: Annotated[list[Rate], Field(min_length=366, max_length=366)]
    year_sd: Annotated[list[Rate], Field(min_length=366, max_length=366)]
    share: Annotated[float, Field(ge=0, le=1)]
    learnt_rate: Positive


class SegmentClock(_Part):
    """The clock of a segment: of the same days as that of all customers."""

    code: Annotated[int, Field(ge=0, lt=1000)]
    rates: Annotated[list[Rate], Field(min_length=1, max_length=10_000)]
    year: Annotated[list[Rate], Field(min_length=366, max_length=366)]
    year_sd: Annotated[list[Rate], Field(min_length=366, max_length=366)]


class Season(_Clock):
    """The season of silence: MBG/NBD in the clock's time and in the calendar's."""

    effects: dict[str, Positive]
    plain: PurchaseParameters
    warped: PurchaseParameters
    columns: Annotated[list[Text], Field(min_length=3, max_length=4)]
    own: Annotated[list[SegmentClock], Field(max_length=100)] = []  # not before version 5


class LeavingSeason(_Clock):
    """The season of cancellations and contract ends."""

    usual: Annotated[float, Field(gt=0, le=100)]
    effects: dict[str, Positive] = {}  # not before version 5


class Numbers(_Part):
    """numbers.json: members and calibration, the shares of the risk, the mean contributions of the reference, and the season."""

    members: Annotated[list[Member], Field(min_length=1)]
    calibration: Calibration
    shares: Annotated[list[Share], Field(max_length=64)] = []
    typical: list[Number] | None = None
    season: Season | None = None  # not before version 3
    leaving: LeavingSeason | None = None  # not before version 4


def write_json(part: BaseModel) -> bytes:
    """Return the canonical text of a part: keys sorted, no spaces, ASCII, every float with the digits that restore it."""
    return _canonical(part.model_dump())


def _canonical(found: Any) -> bytes:
    return json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read_json(kind: type[Part], content: bytes, name: str) -> Part:
    """Return a part from what :func:`write_json` wrote.

    Raises
    ------
    ModelFileError
        ``model-json`` where the text is not canonical, ``model-schema`` where a key or a value is invalid.
        Values are not shown.
    """
    remedy = "Take the file from its source again."
    try:
        found = json.loads(content)
        one_way = _canonical(found) == content
    except (ValueError, RecursionError):
        one_way = False
    if not one_way:
        raise ModelFileError("model-json", f"{name} is not JSON as churnpredict writes it", remedy=remedy)
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"] if isinstance(step, int) or str(step).isidentifier())
        raise ModelFileError("model-schema", f"{name} is invalid at {where or 'its top'} ({first['type']})", remedy=remedy) from None
