"""JSON Schemas of the result formats."""

from collections.abc import Mapping
from typing import Any

DRAFT = "http://json-schema.org/draft-07/schema#"
PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
COUNT = {"type": "integer", "minimum": 1}
BIT = {"type": "integer", "minimum": 0, "maximum": 1}


def _flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a map from states, as decimal numbers, to values."""
    return {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]+$"},
        "additionalProperties": value,
    }


def _registers(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["registers"],
        "properties": {"registers": {"type": "object", "additionalProperties": value}},
    }


def _named(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a map from bit strings to values, by register, below a name."""
    states = {
        "type": "object",
        "propertyNames": {"pattern": "^[01]+$"},
        "additionalProperties": value,
    }
    return {"type": "object", "required": [name], "properties": {name: _registers(states)}}


_SHOT = _registers({"type": "array", "items": BIT})
SCHEMAS: Mapping[str, dict[str, Any]] = {
    f"ionq.result.{name}": {"$schema": DRAFT, "$id": f"ionq.result.{name}", **schema}
    for name, schema in {
        "probabilities.json.v1": _flat(PROBABILITY),
        "histogram.json.v1": _flat(COUNT),
        "shots.json.v1": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]+$"}},
        "probabilities-aggregate.json.v1": {
            "type": "object",
            "additionalProperties": _flat(PROBABILITY),
        },
        "probabilities.json.v2": _named("probabilities", PROBABILITY),
        "histogram.json.v2": _named("histogram", COUNT),
        "shots.json.v2": {
            "type": "object",
            "required": ["shots"],
            "properties": {"shots": {"type": "array", "items": _SHOT}},
        },
    }.items()
}
