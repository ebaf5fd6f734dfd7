"""What `check --online` asks the schema registry: can the reader schemas read all that is registered?

Subjects are looked for under the names that Confluent's three strategies give them: ``<topic>-value``,
``<topic>-<record>`` and ``<record>`` (Confluent documentation, "Subject name strategy").
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from connector.cli.finding import Finding, failed
from connector.config import Loaded, Problem
from connector.kafka.registry import Registry, RegistryUnavailable
from connector.leads.decode import Decoder, Format, SchemaKey
from connector.parts import registry
from connector.plan import Plan

MOST_VERSIONS = 100
"""Of a subject, the newest."""
_MAY_BE_FRAMED = {Format.AUTO, Format.CONFLUENT, Format.CLOUDEVENTS}


async def ask_registry(loaded: Loaded, plan: Plan, topics: Sequence[str]) -> list[Finding]:
    """That it answers, and for each subject of these topics whether its versions can be read as a reader schema."""
    found = registry(loaded)
    settings = loaded.settings.schemas
    if found is None or settings.registry is None:
        return []
    framed = [topic for topic in topics if settings.formats.get(topic, settings.format) in _MAY_BE_FRAMED]
    findings = [Finding("registry", f"answers at {settings.registry.url}")]
    try:
        if not framed:
            await found.versions("lead-connector-check")  # whether there is one or not: it answers
        findings += [finding async for finding in _subjects(loaded, plan, found, framed)]
    except RegistryUnavailable as error:
        return [failed(loaded, "registry", ("schemas", "registry", "url"), str(error), "")]
    finally:
        await found.aclose()
    return findings


async def _subjects(loaded: Loaded, plan: Plan, found: Registry, topics: Sequence[str]) -> AsyncIterator[Finding]:
    names = [reader.fullname for reader in plan.readers]
    by_record = len(names) > 1 or any(route.record for route in loaded.settings.routes)
    asked: dict[str, Finding | None] = {}

    async def ask(subject: str) -> Finding | None:
        if subject not in asked:
            asked[subject] = await _subject(loaded, plan.decoder, found, subject)
        return asked[subject]

    for topic in topics:
        of_topic = await ask(f"{topic}-value")
        if of_topic is not None:
            yield of_topic
        others: list[Finding] = []
        if of_topic is None or by_record:
            for name in names:
                for subject in (f"{topic}-{name}", name):
                    known = subject in asked
                    if (finding := await ask(subject)) is not None:
                        others.append(finding)
                        if not known:
                            yield finding
        if of_topic is None:
            instead = f", but {' and '.join(each.what for each in others)}" if others else " yet"
            yield Finding(f"subject {topic}-value", f"not registered{instead}")


async def _subject(loaded: Loaded, decoder: Decoder, found: Registry, subject: str) -> Finding | None:
    """Whether the versions of a subject can be read; None where there is no such subject."""
    versions = await found.versions(subject)
    if not versions:
        return None
    newest = max(versions)
    failures: list[Problem] = []
    warnings: list[Problem] = []
    asked = sorted(versions)[-MOST_VERSIONS:]
    for version in asked:
        if (message := await _refusal(decoder, found, subject, version)) is None:
            continue
        if version == newest:
            hint = "Leads written with it would be dead-lettered: correct schemas.reader or the registered schema"
            failures.append(loaded.problem(("schemas", "reader"), message, hint))
        else:
            hint = "Leads written with it are dead-lettered: a newer version is registered, so see whether any still is"
            warnings.append(loaded.problem(("schemas", "reader"), message, hint))
    readable = len(asked) - len(failures) - len(warnings)
    told = _versions(asked) if readable == len(asked) else f"{readable} of {_versions(asked)}"
    older = f" ({len(versions) - len(asked)} older not asked for)" if len(asked) < len(versions) else ""
    message = f"{told} can be read as the reader schema{older}"
    return Finding(f"subject {subject}", message, tuple(failures), tuple(warnings))


async def _refusal(decoder: Decoder, found: Registry, subject: str, version: int) -> str | None:
    """Why leads written with a version are set aside; None where they are not, or the version has just gone."""
    registered = await found.version(subject, version)
    if registered is None:
        return None
    key = SchemaKey("id", registered.schema_id)
    decoder.learn(key, registered.schema.text, registered.schema.references, registered.schema.kind)
    refusal = decoder.refusal(key)
    if refusal is None:
        return None
    return f"{subject}, version {version} (id {registered.schema_id}): {refusal.message}"


def _versions(versions: Sequence[int]) -> str:
    if len(versions) == 1:
        return f"version {versions[0]}"
    return f"{len(versions)} versions ({versions[0]} to {versions[-1]})"
