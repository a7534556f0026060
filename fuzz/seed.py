#!/usr/bin/env python3
"""Fills fuzz/corpus with small inputs made from the fixtures, so that fuzzing starts near what is valid.

Corpora are not committed; running this again adds what is missing and takes nothing away.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"

AMOUNTS = [
    "0", "-0.00", "24.60", "0.3335", "1e3", "1.5E-7", "-12.345", '"12.30"', "1.005", "-2.675",
    "79228162514264337593543950335", "0.0000000000000000000000000001", "100000000000000000000",
]
IDENTIFIERS = [
    "SK31 1200 0000 1987 4263 7541", "111-111-11-11", "1111111111", "01020300001", "12345678",
    "1234567890", "SK1234567890", "1111111111-00009", "1111111111-DE123456789", "PPL123456",
    "0123456789ABCDEF", "Nip/1111111111", "PeppolId/PPL123456", "20260105-EE-0123456789-ABCDEF0123-45",
    "1111111111-IZ202601-0123456789AB-CD",
]
ERRORS = [
    '{"isValid":false,"errors":[{"documentIndex":0,"propertyPath":"Items[0].Name","errorMessage":"missing"}]}',
    '{"message":"invented"}',
    '{"title":1,"errors":[null,{"documentIndex":-1}]}',
]
NOTIFICATIONS = [
    '{"companyId":5001,"isSuccessful":true,"entityType":1,"requestId":"5e8b1c9e-0000-4000-8000-000000000001",'
    '"apiUrl":"https://api-economy.kros.sk/api/invoices/{id}","createdEntities":{"documents":[{"id":7,"externalId":"A-1"}]}}',
    '{"status":207,"requestId":"5e8b1c9e-0000-4000-8000-000000000002","apiUrl":"https://api-economy.kros.sk/api/invoices/{id}",'
    '"results":{"entities":[{"data":{"id":8,"externalId":"A-2"},"problems":[{"propertyPath":"Partner","message":"invented"}]}],'
    '"relatedEntities":[{"documentId":9,"paymentStatus":3}]}}',
]


def load(path):
    return json.loads((FIXTURES / path).read_text("utf-8"))


def texts(value):
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def files(folder, pattern):
    return [path.read_bytes() for path in sorted((FIXTURES / folder).glob(pattern))]


def archives():
    entries = {"1.xml": b"<Faktura/>", "_metadata.json": b'{"invoices":[]}', "a/2.xml": b"<Faktura> </Faktura>" * 40}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in entries.items():
                archive.writestr(zipfile.ZipInfo(name), content, method)
        yield b"z" + out.getvalue()
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            for name, content in entries.items():
                member = tarfile.TarInfo(name if form != tarfile.PAX_FORMAT else "ż" * 60 + name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        yield b"t" + gzip.compress(out.getvalue(), mtime=0)


def notifications():
    for vector in load("kros/vectors/signature.json"):
        if all(isinstance(vector.get(name), str) for name in ("utf8", "body")):
            yield f"{vector['utf8']}\n{vector['body']}"
    for body in NOTIFICATIONS + ERRORS:
        yield f"\n{body}"


def seeds():
    documents = [case["xml"] for case in load("c14n/vectors/libxml2.json")]
    signed = files("ksef/vectors/xades", "*.xml")
    numbers = [*texts(load("ksef/vectors/numbers/numbers.json")), *texts(load("ksef/vectors/links/links.json"))]
    return {
        "amount_json": AMOUNTS,
        "c14n": documents,
        "kros_notification": notifications(),
        "numbers": numbers + IDENTIFIERS,
        "package_open": archives(),
        "xades_verify": signed + files("ksef/vectors/upo", "*.xml"),
    }


def main():
    for target, inputs in seeds().items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        inputs = [text.encode("utf-8") if isinstance(text, str) else text for text in inputs]
        for content in inputs:
            (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)
        print(f"{target}: {len(inputs)} inputs")
        if not inputs:
            raise SystemExit(f"{target} got no inputs: a fixture has changed its form")


main()
