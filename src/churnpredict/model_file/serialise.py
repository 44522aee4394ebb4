"""Convert a trained pipeline to data and back, and refuse contradictions.

Longer than most modules because each kind of member is converted and restored in one place.
"""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, get_type_hints

import numpy as np
import pandas as pd
from pydantic import ConfigDict, TypeAdapter, ValidationError

from churnpredict.churn.rules import rules_by_name
from churnpredict.errors import ChurnError, ModelFileError, UsageError
from churnpredict.features import custom as own
from churnpredict.features.feature import Feature
from churnpredict.model.boosters import load_booster
from churnpredict.model.calibration import AffineCalibration, IdentityCalibration, IsotonicCalibration
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.encoding import MatrixEncoder
from churnpredict.model.labels import leaving_label
from churnpredict.model.members import CalendarMember, LinearMember, PurchaseMember, TreeMember
from churnpredict.model.purchases import PurchaseModel, Triple
from churnpredict.model.season.clock import Clock
from churnpredict.model.season.leaving import LeavingSeason
from churnpredict.model.season.season import Season
from churnpredict.model.seasonal import SEASON_COLUMNS, AnySeason
from churnpredict.model.sub_risks import LOST, Share
from churnpredict.model.trees import TreeModel, read_trees
from churnpredict.model_file import schema
from churnpredict.model_file.state import TrainedState
from churnpredict.retention.value import Credibility

__all__ = ["freeze_model", "freeze_pipeline", "not_storable", "thaw_model", "thaw_pipeline", "thaw_rule"]

_TIME, _SPAN, _TUPLE, _MAP = "time", "span", "tuple", "map"  # values that JSON cannot hold are written as {word: content}


def not_storable(what: str) -> UsageError:
    """Return the error for an object that is not data."""
    return UsageError(
        "not-storable",
        f"{what}, which a model file cannot hold: it holds data, never code",
        remedy="Use joblib.dump(pipeline, path) and joblib.load(path), for files that only you write: joblib runs code on reading.",
    )


def _contradiction(what: str) -> NoReturn:
    raise ModelFileError("model-contradiction", f"the model file contradicts itself: {what}", remedy="Take the file from its source again.")


def _need(holds: bool, what: str) -> None:
    if not holds:
        _contradiction(what)


# --- settings ---


def plain_value(value: Any, what: str) -> Any:  # noqa: PLR0911 - one for each kind of value
    """Return a setting as JSON."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and np.isfinite(float(value)):
        return float(value)
    if isinstance(value, (datetime.timedelta, np.timedelta64)) and not pd.isna(value):
        return {_SPAN: pd.Timedelta(value).isoformat()}
    if isinstance(value, (datetime.date, np.datetime64)) and not pd.isna(value):
        return {_TIME: pd.Timestamp(value).isoformat()}
    if isinstance(value, tuple):
        return {_TUPLE: [plain_value(v, what) for v in value]}
    if isinstance(value, list):
        return [plain_value(v, what) for v in value]
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
        return {_MAP: {k: plain_value(v, what) for k, v in value.items()}}
    raise not_storable(f"{what} is of type {type(value).__name__}")


def given_value(value: Any) -> Any:  # noqa: PLR0911
    """Return a setting from JSON."""
    if isinstance(value, list):
        return [given_value(v) for v in value]
    if not isinstance(value, dict):
        return value
    try:
        ((word, content),) = value.items()
        if word == _SPAN:
            return pd.Timedelta(content)
        if word == _TIME:
            return pd.Timestamp(content)
        if word == _TUPLE and isinstance(content, list):
            return tuple(given_value(v) for v in content)
        if word == _MAP and isinstance(content, dict):
            return {k: given_value(v) for k, v in content.items()}
    except (ValueError, TypeError, OverflowError):
        pass
    return _contradiction("a setting cannot be read")


def _freeze_settings(model: Any, what: str) -> dict[str, Any]:
    if type(model) is not ChurnClassifier:
        raise not_storable(f"{what} is a {type(model).__name__}, not a ChurnClassifier")
    return {k: plain_value(v, f"the setting {k} of the classifier") for k, v in model.get_params(deep=False).items()}


def _thaw_settings(settings: Mapping[str, Any]) -> ChurnClassifier:
    _need(settings.keys() <= inspect.signature(ChurnClassifier).parameters.keys(), "a setting of the classifier is unknown")
    return ChurnClassifier(**{k: given_value(v) for k, v in settings.items()})


# --- the churn rule and the feature rows ---


def freeze_rule(churn: Any) -> schema.Rule:
    name = type(churn).__name__
    if type(churn) is not _known_rules().get(name):
        raise not_storable(f"the churn rule is a custom class, {name}")
    return schema.Rule(
        name=name, options={f.name: plain_value(getattr(churn, f.name), f"{f.name} of the churn rule") for f in dataclasses.fields(churn)}
    )


def _known_rules() -> dict[str, Any]:
    return {rule.__name__: rule for rule in rules_by_name().values()}


def thaw_rule(rule: schema.Rule) -> Any:
    """Return the churn rule of a file."""
    cls: Any = _known_rules().get(rule.name)
    _need(cls is not None, "its churn rule is unknown")
    types = get_type_hints(cls)
    options = {k: given_value(v) for k, v in rule.options.items()}
    _need(options.keys() <= types.keys(), "an option of its churn rule is unknown")
    try:
        for name, value in options.items():
            TypeAdapter(types[name], config=ConfigDict(strict=True)).validate_python(value)
        return cls(**options)
    except ValidationError:
        return _contradiction("an option of its churn rule is of the wrong type")
    except (ChurnError, TypeError):
        return _contradiction("its churn rule is invalid")


def _freeze_feature(row: Any) -> schema.FeatureRow:
    if type(row) is not Feature:
        raise not_storable(f'the feature "{getattr(row, "name", row)}" is a Python function')
    if row.aggregate in own.OWN:
        raise not_storable(f'the aggregate "{row.aggregate}" of the feature "{row.name}" is a Python function')
    return schema.FeatureRow(**{f.name: getattr(row, f.name) for f in dataclasses.fields(row)})


def _thaw_feature(row: schema.FeatureRow) -> Feature:
    try:
        return Feature(**row.model_dump())
    except ChurnError:
        return _contradiction("a feature row is invalid")


# --- members and calibration ---


def _freeze_linear(member: LinearMember) -> schema.Linear:
    still = ~np.isfinite(member.scale_)  # a column that never varied adds nothing: its value is not stored
    return schema.Linear(
        kind="linear",
        weight=float(member.weight),
        strength=float(member.strength),
        monotone=[int(sign) for sign in member.monotone],
        numbers=member.numbers_.tolist(),
        low=np.where(still, 0.0, member.low_).tolist(),
        high=np.where(still, 0.0, member.high_).tolist(),
        center=np.where(still, 0.0, member.center_).tolist(),
        scale=[None if lone else scale for lone, scale in zip(still, member.scale_.tolist(), strict=True)],
        slope=member.slope_.tolist(),
        hole=member.hole_.tolist(),
        holes=member.holes_.tolist(),
        shift=member.shift_.tolist(),
        base=member.base_,
        categories=[
            schema.CategoryEffects(column=j, levels=kept.tolist(), effects=member.effects_[j][kept].tolist()) for j, kept in member.levels_
        ],
    )


def _thaw_linear(part: schema.Linear, columns: schema.Columns) -> LinearMember:
    n = len(columns.names)
    categories = [effects.column for effects in part.categories]
    _need(categories == [c.column for c in columns.categories], "a line has other categories than its columns")
    _need(part.numbers == sorted(set(range(n)) - set(categories)), "a line does not have every column once")
    _need(len(part.monotone) in (0, n) and len(part.shift) == n, "a line has too few or too many numbers")
    each = (part.low, part.high, part.center, part.scale, part.slope, part.hole)
    _need(all(len(values) == len(part.numbers) for values in each), "a line has too few or too many numbers")
    _need(part.holes == sorted(set(part.holes)) and max(part.holes, default=0) < max(len(part.numbers), 1), "a line has holes out of range")
    member = LinearMember(categories=categories, strength=part.strength, monotone=part.monotone, weight=part.weight)
    member.numbers_, member.holes_ = np.array(part.numbers, np.int64), np.array(part.holes, np.int64)
    member.low_, member.high_, member.center_ = (np.array(v, np.float64) for v in (part.low, part.high, part.center))
    _need(bool((member.low_ <= member.high_).all()), "a line has limits in the wrong order")
    member.scale_ = np.array([np.inf if scale is None else scale for scale in part.scale], np.float64)
    member.slope_, member.hole_, member.shift_ = (np.array(v, np.float64) for v in (part.slope, part.hole, part.shift))
    member.base_ = part.base
    member.levels_, member.effects_ = [], {}
    sizes = {c.column: len(c.levels) + 1 for c in columns.categories}  # one more for all rare levels
    for found in part.categories:
        kept = np.array(found.levels, np.int64)
        _need(found.levels == sorted(set(found.levels)) and len(kept) == len(found.effects), "a line has effects unlike its levels")
        _need(int(kept.max(initial=-1)) < sizes[found.column], "a line has effects of levels that do not exist")
        effect = np.zeros(int(kept.max(initial=-1)) + 1)
        effect[kept] = found.effects
        member.levels_.append((found.column, kept))
        member.effects_[found.column] = effect
    return member


def _freeze_purchases(member: PurchaseMember) -> schema.Purchases:
    horizon, gap = member.window
    return schema.Purchases(
        kind="purchases",
        weight=float(member.weight),
        columns=[int(j) for j in member.columns],
        horizon=float(horizon),
        gap=float(gap),
        never=member.never_,
        base=member.base_,
        **dataclasses.asdict(member.model_),
    )


def _thaw_purchases(part: schema.Purchases, columns: schema.Columns) -> PurchaseMember:
    one, two, three = part.columns
    _need(max(part.columns) < len(columns.names), "MBG/NBD uses columns that do not exist")
    triple = Triple(*(columns.names[j] for j in part.columns))
    member = PurchaseMember(triple, columns=(one, two, three), window=(part.horizon, part.gap), weight=part.weight)
    member.never_, member.base_ = part.never, part.base
    member.model_ = PurchaseModel(part.r, part.alpha, part.a, part.b)
    return member


def _thaw_trees(part: schema.Trees, content: bytes, columns: schema.Columns) -> tuple[TreeMember, TreeModel]:
    trees = read_trees(content)
    _need(trees.feature_names == tuple(f"f{j}" for j in range(len(columns.names))), "its trees have other columns")
    return TreeMember(load_booster(trees.to_text()), weight=part.weight), trees


def _thaw_member(part: Any, texts: Mapping[str, bytes], columns: schema.Columns) -> Any:
    if isinstance(part, schema.Trees):
        return _thaw_trees(part, texts[part.file], columns)[0]
    if isinstance(part, schema.Calendar):
        _need(part.column == len(columns.names) - 1 and columns.names[-1] in SEASON_COLUMNS, "a member adds a season that is not there")
        return CalendarMember(part.column, weight=part.weight)
    return _thaw_linear(part, columns) if isinstance(part, schema.Linear) else _thaw_purchases(part, columns)


def _freeze_clock(season: AnySeason) -> dict[str, Any]:
    """Return what the files of both kinds of season hold."""
    clock = season.clock
    return {
        "end": int(clock.end),
        "first": int(clock.first),
        "rates": clock.rates.tolist(),
        "year": clock.year.tolist(),
        "year_sd": clock.year_sd.tolist(),
        "share": float(season.share),
        "learnt_rate": float(season.learnt_rate),
    }


def _freeze_leaving(season: AnySeason | None) -> schema.LeavingSeason | None:
    if not isinstance(season, LeavingSeason):
        return None
    return schema.LeavingSeason(**_freeze_clock(season), usual=float(season.usual), effects=dict(season.clock.effects))


def _freeze_season(season: AnySeason | None) -> schema.Season | None:
    if not isinstance(season, Season):
        return None
    return schema.Season(
        **_freeze_clock(season),
        effects=dict(season.clock.effects),
        plain=schema.PurchaseParameters(**dataclasses.asdict(season.plain)),
        warped=schema.PurchaseParameters(**dataclasses.asdict(season.warped)),
        columns=list(season.columns),
        own=[
            schema.SegmentClock(code=code, rates=clock.rates.tolist(), year=clock.year.tolist(), year_sd=clock.year_sd.tolist())
            for code, clock in sorted(season.own.items())
        ],
    )


def _thaw_season(numbers: schema.Numbers, model: ChurnClassifier) -> AnySeason | None:
    """Read the season of a file, which must be that of exactly one member, and of a model that can know one."""
    members = sum(isinstance(member, schema.Calendar) for member in numbers.members)
    given = [part for part in (numbers.season, numbers.leaving) if part is not None]
    _need(members == len(given) <= 1, "a season without its member, or the reverse")
    if not given:
        return None
    part, names = given[0], set(model.matrix_encoder_.names)
    _need(model.horizon is not None and not set(SEASON_COLUMNS) & names, "its season has no columns to work on")
    _need(part.first <= part.end <= part.first + len(part.rates), "its clock ends before it begins")
    _need(sum(part.rates) > 0, "its clock stands still")
    rates, year, sd = (np.array(values, np.float64) for values in (part.rates, part.year, part.year_sd))
    clock = Clock(part.end, part.first, rates, year, sd, dict(part.effects))
    if isinstance(part, schema.LeavingSeason):
        return LeavingSeason(clock, part.usual, part.share, part.learnt_rate)
    _need(set(part.columns) <= names and len(set(part.columns)) == len(part.columns), "its season has no columns to work on")
    _need((len(part.columns) == 4) == bool(part.own), "its season has segments without a column, or the reverse")
    own = {found.code: _thaw_clock_of(found, clock, model.matrix_encoder_, part.columns[3]) for found in part.own}
    _need(len(own) == len(part.own), "two clocks of its season are of one segment")
    plain, warped = (PurchaseModel(**found.model_dump()) for found in (part.plain, part.warped))
    return Season(clock, plain, warped, part.share, part.learnt_rate, tuple(part.columns), own)


def _thaw_clock_of(part: schema.SegmentClock, pooled: Clock, encoder: MatrixEncoder, column: str) -> Clock:
    """Read the clock of a segment, which must be a value of its column."""
    levels = encoder.levels.get(encoder.names.index(column), [])
    _need(part.code < len(levels), "its season has a segment that its column has not")
    _need(len(part.rates) == len(pooled.rates) and sum(part.rates) > 0, "the clock of a segment stands still, or has other days")
    rates, year, sd = (np.array(values, np.float64) for values in (part.rates, part.year, part.year_sd))
    return dataclasses.replace(pooled, rates=rates, year=year, year_sd=sd)


def freeze_calibration(calibration: Any) -> schema.Affine | schema.Isotonic:
    if type(calibration) in (AffineCalibration, IdentityCalibration):
        kind: Any = "affine" if type(calibration) is AffineCalibration else "identity"
        return schema.Affine(
            kind=kind, prior=float(calibration.prior), slope=float(calibration.slope), intercept=float(calibration.intercept)
        )
    if type(calibration) is IsotonicCalibration:
        steps = calibration.steps
        return schema.Isotonic(
            kind="isotonic",
            level=float(calibration.level),
            low=float(steps.y_min),  # pyright: ignore[reportArgumentType]
            high=float(steps.y_max),  # pyright: ignore[reportArgumentType]
            margins=steps.X_thresholds_.tolist(),
            probabilities=steps.y_thresholds_.tolist(),
        )
    raise not_storable(f"the calibration is a custom class, {type(calibration).__name__}")


def thaw_calibration(part: schema.Affine | schema.Isotonic) -> Any:
    if isinstance(part, schema.Affine):
        affine = (AffineCalibration if part.kind == "affine" else IdentityCalibration)(prior=part.prior)
        affine.slope, affine.intercept = part.slope, part.intercept
        return affine
    from sklearn.isotonic import IsotonicRegression

    x, p = np.array(part.margins), np.array(part.probabilities)
    _need(len(x) == len(p) and bool((np.diff(x) > 0).all() and (np.diff(p) >= 0).all()), "its calibration does not rise")
    _need(part.low <= p[0] and p[-1] <= part.high, "its calibration leaves its limits")
    isotonic = IsotonicCalibration()
    # isotonic regression does not change steps that rise already
    isotonic.steps = IsotonicRegression(y_min=part.low, y_max=part.high, out_of_bounds="clip").fit(x, p)
    isotonic.level = part.level
    return isotonic


# --- the classifier ---


def _freeze_members(found: Sequence[Any], texts: dict[str, bytes]) -> list[schema.Member]:
    """Return the members as data; trees as texts, which are added by file name."""
    members: list[schema.Member] = []
    for member in found:
        if type(member) is TreeMember:
            name = f"trees-{len(texts)}.txt"
            texts[name] = read_trees(member.booster).to_text().encode()
            members.append(schema.Trees(kind="trees", weight=float(member.weight), file=name))
        elif type(member) is LinearMember:
            members.append(_freeze_linear(member))
        elif type(member) is PurchaseMember:
            members.append(_freeze_purchases(member))
        elif type(member) is CalendarMember:
            members.append(schema.Calendar(kind="calendar", weight=float(member.weight), column=int(member.column)))
        else:
            raise not_storable(f"a member of the model is a custom class, {type(member).__name__}")
    return members


def freeze_model(model: Any) -> tuple[schema.Columns, schema.Classifier, schema.Numbers, dict[str, bytes]]:
    """Return a fitted :class:`churnpredict.ChurnClassifier` as data, and its trees as text by file name."""
    settings = _freeze_settings(model, "the model")
    encoder: MatrixEncoder = model.matrix_encoder_
    columns = schema.Columns(
        names=list(encoder.names),
        named=hasattr(model, "feature_names_in_"),
        fewest=encoder.fewest,
        categories=[schema.CategoryColumn(column=j, levels=levels, rest=encoder.rest.get(j)) for j, levels in encoder.levels.items()],
    )
    texts: dict[str, bytes] = {}
    members = _freeze_members(model.members_, texts)
    shares = [
        schema.Share(
            name=share.name,
            days=None if share.days is None else float(share.days),
            rate=share.rate,
            members=_freeze_members(share.members, texts),
            calibration=freeze_calibration(share.calibration) if share.members else None,
        )
        for share in model.shares_.values()
    ]
    classes = model.classes_ if model._learnt else model.classes_[::-1]  # a file names first the label of staying
    classifier = schema.Classifier(
        settings=settings,
        labels=classes.tolist(),
        label_type="str" if classes.dtype.kind == "U" else str(classes.dtype),  # type: ignore[arg-type]
        base_rate=model.base_rate_,
        validated_on=model.validated_on_,
        record=plain_value(model.training_record_, "the training record"),
        threads=None,  # the settings hold it; the field is for older files
    )
    typical = None if getattr(model, "typical_", None) is None else model.typical_.tolist()
    found = getattr(model, "season_", None)
    season, leaving = _freeze_season(found), _freeze_leaving(found)
    calibration = freeze_calibration(model.calibration_)
    figures = schema.Numbers(members=members, calibration=calibration, shares=shares, typical=typical, season=season, leaving=leaving)
    return columns, classifier, figures, texts


def thaw_model(
    columns: schema.Columns, classifier: schema.Classifier, numbers: schema.Numbers, texts: Mapping[str, bytes]
) -> ChurnClassifier:
    """Return the classifier that :func:`freeze_model` took apart. LightGBM reads a tree only after it was checked, and only a text that is
    written anew.
    """
    n = len(columns.names)
    _need(len(set(columns.names)) == n, "a column comes twice")
    positions = [c.column for c in columns.categories]
    _need(positions == sorted(set(positions)) and max(positions, default=0) < n, "its categories do not match its columns")
    _need(all(len(set(c.levels)) == len(c.levels) for c in columns.categories), "a category comes twice")
    everybody = [*numbers.members, *(part for share in numbers.shares for part in share.members)]
    files = [part.file for part in everybody if isinstance(part, schema.Trees)]
    _need(sorted(files) == sorted(texts), "its members do not match its files")
    model = _thaw_settings(classifier.settings)
    encoder = MatrixEncoder(fewest=columns.fewest)
    encoder.names = list(columns.names)
    encoder.levels = {c.column: list(c.levels) for c in columns.categories}
    encoder.rest = {c.column: c.rest for c in columns.categories if c.rest is not None}
    model.matrix_encoder_ = encoder
    model.n_features_in_ = n
    if columns.named:
        model.feature_names_in_ = np.array(columns.names, dtype=object)
    _need(len({type(label) for label in classifier.labels}) == 1 and len(set(classifier.labels)) == 2, "its labels are not two")
    try:
        labels = np.array(classifier.labels, dtype=None if classifier.label_type == "str" else classifier.label_type)
        model.classes_ = np.sort(labels)
        model.leaving_ = leaving_label(model.classes_, model.positive)
    except (ValueError, OverflowError):
        _contradiction("its labels are of another type")
    _need(model.leaving_ in (None, labels[1]), "its labels name another one as positive")
    model.base_rate_, model.validated_on_ = classifier.base_rate, classifier.validated_on
    model.training_record_ = given_value(classifier.record)

    model.season_ = season = _thaw_season(numbers, model)
    seen = columns if season is None else columns.model_copy(update={"names": [*columns.names, season.column]})

    def members_of(parts: Sequence[Any]) -> list[Any]:
        return [_thaw_member(part, texts, seen) for part in parts]

    model.members_ = members_of(numbers.members)
    model.calibration_ = thaw_calibration(numbers.calibration)
    _need(numbers.typical is None or len(numbers.typical) == len(seen.names), "it has too few or too many mean contributions")
    model.typical_ = None if numbers.typical is None else np.array(numbers.typical)
    model.shares_ = {}
    for share in numbers.shares:
        _need((share.name == LOST) == (share.days is None) and share.name not in model.shares_, "a share comes twice or has no meaning")
        _need(bool(share.members) == (share.calibration is not None), "a share has members without calibration, or the reverse")
        calibration = None if share.calibration is None else thaw_calibration(share.calibration)
        model.shares_[share.name] = Share(share.name, share.days, share.rate, members_of(share.members), calibration)
    days = [share.days for share in numbers.shares if share.days is not None]
    _need(days == sorted(set(days), reverse=True), "its horizons are not in order")
    _need(not days or model.horizon is not None, "it has earlier horizons without a whole one")
    return model


# --- the pipeline ---


_OF_ITS_OWN = {"features", "classifier"}  # settings that are stored in a special form


def freeze_pipeline(state: TrainedState) -> schema.Pipeline:
    """Return settings of a trained pipeline, and what it was trained on. Findings of the audit are not stored."""
    given = {name: value for name, value in state.settings.items() if name not in _OF_ITS_OWN}
    classifier = state.settings.get("classifier")
    return schema.Pipeline(
        churn=freeze_rule(state.churn),
        features=[_freeze_feature(row) for row in state.features],
        features_given=state.settings.get("features") is not None,
        settings={name: plain_value(value, f"the setting {name} of the pipeline") for name, value in given.items()},
        classifier=None if classifier is None else _freeze_settings(classifier, "the classifier"),
        cutoffs=[int(moment.as_unit("us").value) // 1000 for moment in state.cutoffs],
        n_snapshots=int(state.n_snapshots),
        n_leavers=int(state.n_leavers),
        base_rate=float(state.base_rate),
        worth=None if state.worth is None else schema.Worth(**state.worth._asdict()),
        usual=state.usual,
    )


def thaw_pipeline(part: schema.Pipeline, model: ChurnClassifier, model_id: str) -> TrainedState:
    """Return the state that :func:`freeze_pipeline` took apart."""
    features = [_thaw_feature(row) for row in part.features]
    _need(part.n_leavers <= part.n_snapshots, "more leavers than snapshots")
    settings = {name: given_value(value) for name, value in part.settings.items()}
    _need(not settings.keys() & _OF_ITS_OWN, "a setting of the pipeline comes twice")
    _need(isinstance(settings.get("history"), (str, pd.Timedelta, type(None))), "its history is not a span")
    settings["features"] = list(features) if part.features_given else None
    settings["classifier"] = None if part.classifier is None else _thaw_settings(part.classifier)
    return TrainedState(
        churn=thaw_rule(part.churn),
        settings=settings,
        features=features,
        model=model,
        model_id=model_id,
        cutoffs=[pd.Timestamp(moment, unit="us") for moment in part.cutoffs],
        n_snapshots=part.n_snapshots,
        n_leavers=part.n_leavers,
        base_rate=part.base_rate,
        worth=None if part.worth is None else Credibility(part.worth.mean, part.worth.doubt, part.worth.bound),
        usual=part.usual,
    )
