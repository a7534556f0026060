#!/usr/bin/env python3
"""Fills a folder, fuzz/corpus when none is named, with small inputs made from the fixtures, so that fuzzing starts near what is valid.

Corpora are not committed; running this again adds what is missing and takes nothing away.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

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
DATES = [
    "13.6.2024T12:16:46", "2024-04-25T12:56:38.4460154+02:00", "2024-06-13T13:40:35", "2022-12-01", "03.06.2024.",
    "3.6.2024 9:05", "2024-06-03T13:40:35Z", "2024-06-03 13:40", "0000-01-01", "31.12.9999T23:59:59.999999999-23:59",
    "2024-02-30", '"13.6.2024T12:16:46"', " 2024-06-03 ", "sutra", "20240603", "null",
]
ITEM = {
    "RacunZaduzenja": "840000000010284941", "NazivZaduzenja": "Izmišljena Škola", "IzvorInformacije": "1",
    "ModelPozivaZaduzenja": "97", "PozivZaduzenja": "", "SifraPlacanja": "221", "Iznos": "3.21",
    "RacunOdobrenja": "840000000023566472", "NazivOdobrenja": "Izmišljeni Dobavljač & Ko <1>",
    "PodatakZaReklamaciju": "EPP319877", "DatumValute": "24.04.2024", "VremeIzvrsenja": "24.04.2024 13:40:35",
}
STATEMENT = {
    "Zaglavlje": {"Sediste": "001", "DatumIzvoda": "24.04.2024"},
    "Zbirni": {
        "RacunIzvoda": "840000000010284941", "Naziv": "Измишљена школа", "BrNalogaDuguje": "2", "BrNalogaPotrazuje": "1",
        "PrethodniSaldo": "10.00", "IznosDuguje": "6.42", "IznosPotrazuje": "1.00", "Saldo": "4.58", "BrojIzvoda": "81",
    },
    "Stavka": [
        ITEM,
        ITEM | {"VremeIzvrsenja": "", "Novo": "nepoznato", "StatusNaloga": "9"},
        ITEM | {"IzvorInformacije": "20", "Iznos": "1.00", "SvrhaDoznake": "red 1\nred 2\ttab"},
    ],
}


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


def as_xml(statement):
    """A statement as the service writes it; `Stavka` stands as often as there are items."""
    def record(name, fields):
        inner = "".join(f"<{field}>{escape(value)}</{field}>" if value else f"<{field}/>" for field, value in fields.items())
        return f"<{name}>{inner}</{name}>\n"

    def section(name, value):
        return "".join(record(name, one) for one in value) if isinstance(value, list) else record(name, value)

    return "<Dokument>\n" + "".join(section(name, value) for name, value in statement.items()) + "</Dokument>\n"


def statements():
    xml = as_xml(STATEMENT)
    texts = [
        xml, "\ufeff" + '<?xml version="1.0" encoding="utf-8"?>\n' + xml, json.dumps(STATEMENT, ensure_ascii=False),
        json.dumps({"Dokument": STATEMENT}), json.dumps({"Stavka": STATEMENT["Stavka"][0]}), json.dumps({"Stavka": None}),
        xml.replace("3.21", "3,21").replace("10.00", "1.010,00"), xml.replace("Ko", "Ko\x0b\ufffd"),
        as_xml({"Zbirni": STATEMENT["Zbirni"]} | {"Stavka": [], "Zaglavlje": STATEMENT["Zaglavlje"]}),
        xml.replace("<Zbirni>", "<!-- sume --><Zbirni>").replace("Izmišljena", "<![CDATA[Izmišljena]]>").replace("1\nred", "1&#13;&#x416;red"),
        "<Dokument/>", "<!DOCTYPE Dokument><Dokument/>", "%PDF-1.4",
    ]
    yield from texts
    yield xml.encode("cp1250", "replace")
    for names in (["izvod.xml"], ["izvod.json"], ["a/", "../izvod.XML", "citaj.txt"]):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                for name in names:
                    text = "" if name.endswith("/") else texts[2] if name.endswith("json") else xml
                    archive.writestr(zipfile.ZipInfo(name), text, method)
            yield b"z" + out.getvalue()


CRK_ANSWERS = [
    {"commandId": "MFP.WTE2001000009.2026-02-01T08:00:00.123Z", "command": {"attributes": {
        "cashRegisterNr": "2026/000000417", "statusFisc": {"code": "00", "desc": ""},
        "addressWebAPI": "https://e-kasy.example.test:443", "sendFreqEventHub": 7200,
        "checkFreqWebApi": 1800, "shippmentType": "PA;RD"}}},
    {"command": {"attributes": {"statusFisc": {"code": "4"}}}, "shipmentType": ""},
    {"attributes": {"sendFreqEventHub": 0, "checkFreqWebApi": 60, "shipmentType": "ALL"}},
    {"attributes": {"scope": "5-9", "shipmentType": "PR;FK"}},
    {"attributes": {"qrCode": 1000, "CPDServiceName": "KFD", "status": 0, "maxDocId": 7}, "maxMemNr": 1},
    {"command": {"attributes": {
        "digitalCertificateWebApiTLS": "MAMCAQE=", "digitalCertificateCPDServerTLS": "MAMCAQI=",
        "digitalCertificateRepositoryEncrypt": "MAMCAQM=",
        "digitalCertificateAzureEventHubTLS": ["MAMCAQQ="]}}},
    {"urlToSend": "https://hub.example.test:5064/h/publishers/p/messages?timeout=60",
     "sasValue": "SharedAccessSignature sr=h&sig=s&se=1769936400&skn=k", "timeoutInSec": 3600},
    {"commandId": "TFD.WTE2001000009.2026-02-01T08:00:00.123Z", "encryptedCommand": "a.b.c.d.e"},
    {"Message": "x", "Code": "B10", "requestId": "r"},
]


def crk_answers():
    """A status of success, and one of failure, before each body."""
    return [status + json.dumps(body).encode() for body in CRK_ANSWERS for status in (b"\0", b"\x65")]


def crk_identifiers():
    vectors = load("crk/vectors/identifiers/identifiers.json")
    for section in ("commandId", "uniqueNumber", "evidenceNumber", "shipmentType", "scope"):
        for entry in [*vectors[section]["valid"], *vectors[section]["invalid"]]:
            yield entry["text"] if isinstance(entry, dict) else entry[0] if isinstance(entry, list) else entry


def crk_documents():
    """Receipts, reports and short forms on their own, without what is around them."""
    for example in ("day", "unknown-kind"):
        for entry in load(f"crk/examples/{example}.json")["JPK"]["content"]:
            yield from (json.dumps(document, ensure_ascii=False) for document in entry.values())


def crk_objects():
    payloads = [b"{}", json.dumps(load("crk/examples/day.json")).encode(), gzip.compress(b"{}", mtime=0), b"x" * 70]
    yield from (b"s" + payload for payload in payloads)
    yield from (b"e" + bytes([choice]) + payload for choice in range(8) for payload in payloads[:2])
    yield from (item["text"] for item in load("crk/vectors/jose/objects.json"))
    for vector in load("crk/vectors/jose/rfc7520.json").values():
        yield from (form if isinstance(form, str) else json.dumps(form)
                    for form in (vector.get("compact"), vector.get("flattened"), vector.get("general")) if form)


KSEF_V1_REFERENCE = "20240401-EE-0123456789-ABCDEF0123-46"
KSEF_V1_ANSWERS = [
    {"exception": {"serviceCtx": "srvTEST", "serviceCode": "invented", "serviceName": "exception.handler",
                   "timestamp": "2024-04-01T10:00:00.000Z", "exceptionDetailList": [
                       {"exceptionCode": 21176, "exceptionDescription": "invented"}, {"exceptionCode": "x"}]}},
    {"exception": {"exceptionDetailList": [{"exceptionCode": "21304"}]}}, {"exception": None},
    {"timestamp": "2024-04-01T10:00:00.000Z", "referenceNumber": KSEF_V1_REFERENCE, "processingCode": 315,
     "processingDescription": "invented", "elementReferenceNumber": KSEF_V1_REFERENCE,
     "invoiceStatus": {"invoiceNumber": "FV/1", "ksefReferenceNumber": "1111111111-20240401-0123456789AB-CD",
                       "acquisitionTimestamp": "2024-04-01T10:00:00.000Z"},
     "upoPageList": [{"upoReferenceNumber": KSEF_V1_REFERENCE}], "upo": "PHg+",
     "invoiceStatusList": [{"elementReferenceNumber": KSEF_V1_REFERENCE, "processingCode": 200}],
     "numberOfElements": 1, "pageSize": 10, "pageOffset": 0},
    {"processingCode": 200, "numberOfElements": 2, "numberOfParts": 1, "partList": [
        {"partReferenceNumber": KSEF_V1_REFERENCE, "partNumber": 1, "partName": "p",
         "plainPartHash": {"hashSHA": {"algorithm": "SHA-256", "encoding": "Base64", "value": "AA=="}, "fileSize": 3}}]},
    {"timestamp": "2024-04-01T10:00:00Z", "referenceNumber": KSEF_V1_REFERENCE,
     "sessionToken": {"token": "0a" * 32, "context": {
         "contextIdentifier": {"type": "onip", "identifier": "1111111111"},
         "contextName": {"type": "fn", "fullName": "x"},
         "credentialsRoleList": [{"type": "token", "roleType": "owner", "roleDescription": "x"}]}}},
    {"timestamp": "2024-04-01T10:00:00Z", "referenceNumber": KSEF_V1_REFERENCE, "packageSignature": {
        "packageName": "p.zip", "packagePartSignatureList": [
            {"url": "https://x.test/a", "method": "PUT", "partFileName": "p.zip.001.aes", "ordinalNumber": 1,
             "headerEntryList": [{"key": "a", "value": "b"}]}]}},
    {"invoiceHeaderList": [{"invoiceReferenceNumber": "FV/1", "ksefReferenceNumber": "x",
                            "subjectBy": {"issuedByIdentifier": {"type": "onip", "identifier": "1"}},
                            "net": "1.00", "currency": "PLN"}], "numberOfElements": 1},
]


def ksef_v1_answers():
    """A status of success, and one of failure, before each body."""
    return [status + json.dumps(body).encode() for body in KSEF_V1_ANSWERS for status in (b"\0", b"\x65", b"\xff")]


def ksef_v1_archives():
    """Each archive as announced and not, plain and encrypted."""
    zips = [archive[1:] for archive in archives() if archive.startswith(b"z")]
    return [bytes([choice]) + archive for archive in [*zips, b"", b"PK\x03\x04"] for choice in range(4)]


def ksef_invoices():
    """The examples, small invoices of the other forms, and markup that is easily read wrongly."""
    form = '<Faktura xmlns="http://crd.gov.pl/wzor/%s/">%s</Faktura>'
    header = ('<Naglowek><KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza>'
              '<WariantFormularza>3</WariantFormularza><DataWytworzeniaFa>2026-02-01T12:00:00Z</DataWytworzeniaFa></Naglowek>')
    inner = ["", header, header + "<Podmiot1/>", "<!-- a --><?b c?>", "<![CDATA[x]]>&amp;&#x17C;", "<x:y xmlns:x='z' x:a='&lt;'/>"]
    for number in ("2023/06/29/12648", "2025/06/25/13775", "2026/03/06/14189", "0"):
        yield from (form % (number, text) for text in inner)
    yield from ("", "\ufeff<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<?xml version='1.0' encoding='utf-8'?><a\x7f/>")
    yield from files("ksef/examples", "*.xml")


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
        "crk_answers": crk_answers(),
        "crk_command_id": crk_identifiers(),
        "crk_document": [*files("crk/examples", "*.json"), *files("crk/vectors/documents", "*.j*"), *crk_documents()],
        "crk_jose": crk_objects(),
        "epp_date": DATES,
        "epp_statement": [*statements(), *files("epp/regressions", "*.json"), *files("epp/regressions", "*.xml"),
                          *(b"z" + archive for archive in files("epp/regressions", "*.zip"))],
        "kros_notification": notifications(),
        "ksef_check": [*ksef_invoices(), *files("ksef/regressions", "*.xml")],
        "ksef_v1_answers": ksef_v1_answers(),
        "ksef_v1_archive": ksef_v1_archives(),
        "numbers": numbers + IDENTIFIERS,
        "package_open": archives(),
        "xades_verify": signed + files("ksef/vectors/upo", "*.xml"),
    }


def main():
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus"
    for target, inputs in seeds().items():
        folder = base / target
        folder.mkdir(parents=True, exist_ok=True)
        inputs = [text.encode("utf-8") if isinstance(text, str) else text for text in inputs]
        for content in inputs:
            (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)
        print(f"{target}: {len(inputs)} inputs")
        if not inputs:
            raise SystemExit(f"{target} got no inputs: a fixture has changed its form")


main()
