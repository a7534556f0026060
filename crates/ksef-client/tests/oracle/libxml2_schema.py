"""How long libxml2 takes to validate an invoice, for the bench of the check before sending.

    libxml2_schema.py SCHEMA FILE ROUNDS

Writes the seconds of one round of each kind, after the cost of a foreign call that does nothing
has been taken off: {"validate": of a document in memory, "parse_and_validate": from its bytes}.
The schema is compiled once, outside of what is measured. Fails when the invoice is not valid.
"""

import ctypes
import ctypes.util
import json
import sys
import time

NOERROR, NOWARNING, NONET, HUGE = 1 << 5, 1 << 6, 1 << 11, 1 << 19
RUNS = 40
OPTIONS = NOERROR | NOWARNING | NONET | HUGE


def load():
    for name in ("libxml2.so.2", "libxml2.so.16", ctypes.util.find_library("xml2")):
        try:
            return ctypes.CDLL(name) if name else None
        except OSError:
            continue
    return None


LIBRARY = load()
if LIBRARY is None:
    sys.exit("no libxml2 here")


def declare(name, result, *arguments):
    function = getattr(LIBRARY, name)
    function.restype, function.argtypes = result, arguments
    return function


POINTER, TEXT, NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
read_memory = declare("xmlReadMemory", POINTER, TEXT, NUMBER, TEXT, TEXT, NUMBER)
free_document = declare("xmlFreeDoc", None, POINTER)
new_parser = declare("xmlSchemaNewParserCtxt", POINTER, TEXT)
parse_schema = declare("xmlSchemaParse", POINTER, POINTER)
new_validator = declare("xmlSchemaNewValidCtxt", POINTER, POINTER)
free_validator = declare("xmlSchemaFreeValidCtxt", None, POINTER)
validate_document = declare("xmlSchemaValidateDoc", NUMBER, POINTER, POINTER)


def seconds(rounds, work):
    """The time of one round of `work` in the fastest run."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(rounds):
            work()
        times.append((time.perf_counter() - start) / rounds)
    return min(times)


def main(schema_path, path, rounds):
    with open(path, "rb") as file:
        xml = file.read()
    schema = parse_schema(new_parser(schema_path.encode()))
    if not schema:
        sys.exit("the schema cannot be compiled")
    # One context for all rounds: making it anew would only slow libxml2.
    validator = new_validator(schema)

    def parse():
        return read_memory(xml, len(xml), b"invoice.xml", None, OPTIONS)

    document = parse()

    def validate():
        if validate_document(validator, document) != 0:
            sys.exit("the invoice is not valid")

    def both():
        document = parse()
        validate_document(validator, document)
        free_document(document)

    validate()
    call = seconds(rounds, lambda: free_document(None))
    figures = {
        "validate": seconds(rounds, validate) - call,
        "parse_and_validate": seconds(rounds, both) - 3 * call,
    }
    print(json.dumps(figures))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
