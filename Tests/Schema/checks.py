"""A check of this service beside those of Schemathesis, which loads it (SCHEMATHESIS_HOOKS).

Schemathesis cannot tell a 400 for a token that no list has given from one for data that the description allows: it takes
any or none. A problem names the place of each error. So a 400 for data that fits is right only where every error is at a
place whose values no schema can describe.
"""

import schemathesis

# Tokens of lists, cursors and entity tags, which the service has to have given; and a duration between two bounds.
GIVEN = {"/query/after", "/query/cursor", "/query/window", "/headers/last-event-id", "/headers/if-match"}
# The one character that PostgreSQL's texts cannot hold: in bodies, and in what paths and queries decode to.
NUL = ("U+0000", "is not valid percent-encoded UTF-8")


def is_undescribable(error, case):
    pointer, detail = error.get("pointer"), error.get("detail", "")
    if pointer in GIVEN or any(text in detail for text in NUL):
        return True
    # What is no YAML, or YAML of something else, is a text like any other.
    return case.operation.path.startswith("/api/v1/workflows") and "yaml" in (case.media_type or "")


@schemathesis.check
def malformed_only_where_no_schema_says(ctx, response, case):
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return None
    errors = response.json().get("errors", [])
    wrong = [error for error in errors if not is_undescribable(error, case)]
    assert errors and not wrong, f"The description allows what is malformed to the service: {wrong or response.text}"
    return None
